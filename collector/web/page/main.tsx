import './styles/tokens.css';
import './styles/base.css';
import './styles/parts.css';
import './styles/forms.css';
import { render } from 'preact';
import { App } from './app.tsx';

const root = document.querySelector('#page');
if (root) render(<App />, root);
