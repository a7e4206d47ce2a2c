/** A description as the API's own has it: what stands between backticks is code. */
export const Prose = ({ text }: { text: string }) => (
  <p>
    <Words text={text} />
  </p>
);

/** The same within a line. */
export const Words = ({ text }: { text: string }) => (
  <>{text.split('`').map((part, at) => (at % 2 === 1 ? <code key={at}>{part}</code> : part))}</>
);
