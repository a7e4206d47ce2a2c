/** Light, dark, or as the system says: kept in this browser. */
import { signal } from '@preact/signals';

const THEMES = ['auto', 'light', 'dark'] as const;
type Theme = (typeof THEMES)[number];
const KEY = 'truant-theme';

const theme = signal<Theme>(remembered());
show(theme.value);

export function ThemeButton() {
  const next = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] ?? 'auto';
  const choose = (): void => {
    theme.value = next;
    show(next);
    try {
      localStorage.setItem(KEY, next);
    } catch {
      // It is for this visit, then.
    }
  };
  return (
    <button type="button" class="quiet" title={`Theme: ${theme.value}. Change to ${next}.`} onClick={choose}>
      {{ auto: '◐', light: '☀', dark: '☾' }[theme.value]}
      <span class="unseen">Theme: {theme.value}</span>
    </button>
  );
}

function show(chosen: Theme): void {
  document.documentElement.dataset['theme'] = chosen;
}

function remembered(): Theme {
  try {
    return THEMES.find((one) => one === localStorage.getItem(KEY)) ?? 'auto';
  } catch {
    return 'auto';
  }
}
