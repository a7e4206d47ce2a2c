/** The path drawn, and the same in words. */
import { useId, useMemo } from 'preact/hooks';
import { Link, useLocation } from 'wouter-preact';
import { printable } from '../../../../../shared/text.ts';
import type { AlertAnswer } from '../../../../query/schemas/alerts.ts';
import { credentialPath, historyPath } from '../../parts/address.ts';
import { Said } from '../../parts/text.tsx';
import { useWide } from '../../parts/wide.ts';
import { type Path, type PathNode, pathOf } from './path.ts';
import { across, type Box, down, type Layout, lineAt } from './path-layout.ts';

const WIDE = 960;

/** On a narrow screen more would not be seen at a glance. */
const MOST_DOWN = 2;

export function PathDrawing({ alert }: { alert: AlertAnswer }) {
  const isWide = useWide(WIDE);
  const printed = useMemo(() => printablePath(isWide ? pathOf(alert) : pathOf(alert, MOST_DOWN)), [alert, isWide]);
  const layout = isWide ? across(printed) : down(printed);
  const { cluster, summary } = alert;
  const [titleId, descId] = [useId(), useId()];
  return (
    <>
      <svg
        class={`path ${isWide ? 'path-across' : 'path-down'}`}
        viewBox={`0 0 ${layout.width} ${layout.height}`}
        role="group"
        aria-labelledby={titleId}
        aria-describedby={descId}
      >
        <title id={titleId}>The path of the theft</title>
        <desc id={descId}>{printable(summary)}</desc>
        <Lines layout={layout} />
        {layout.headings.map(({ text, x, y }) => (
          <text key={text} class="path-heading" x={x} y={y}>
            {text}
          </text>
        ))}
        {layout.boxes.map((box) => (
          <Drawn key={box.node.id} box={box} cluster={cluster} />
        ))}
        {layout.more.map(({ text, x, y }) => (
          <text key={`${x} ${y}`} class="path-more" x={x} y={y + 10}>
            {text}
          </text>
        ))}
      </svg>
      <details class="path-words">
        <summary>The path in words</summary>
        <ol>
          {printed.stages.map(({ name, nodes, left }) => (
            <li key={name}>
              <strong>{name}</strong>{' '}
              {nodes.map((node, index) => (
                <span key={node.id}>
                  {index > 0 && '; '}
                  <Named node={node} cluster={cluster} /> ({node.detail})
                </span>
              ))}
              {left > 0 && `; and ${left} more`}
            </li>
          ))}
        </ol>
      </details>
    </>
  );
}

function Lines({ layout: { lines, boxes } }: { layout: Layout }) {
  const tones = new Map(boxes.map(({ node }) => [node.id, node.tone]));
  const isUnsure = (end: string): boolean => tones.get(end) === 'unseen';
  return (
    <g aria-hidden="true">
      <defs>
        <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
          <path class="path-arrow" d="M 0 0 L 8 4 L 0 8 z" />
        </marker>
      </defs>
      {lines.map(({ d, from, to }) => (
        <path
          key={`${from} ${to}`}
          class={`path-line ${isUnsure(from) || isUnsure(to) ? 'path-line-unsure' : ''}`}
          d={d}
          marker-end="url(#arrow)"
        />
      ))}
    </g>
  );
}

function Drawn({ box, cluster }: { box: Box; cluster: string }) {
  const { node, x, y, width, height, title, detail } = box;
  const inside = (
    <>
      <title>{`${node.title}: ${node.detail}`}</title>
      <rect width={width} height={height} rx="6" />
      {[...title, ...detail].map((line, index) => (
        <text
          key={`${index} ${line}`}
          class={index < title.length ? 'path-title' : 'path-detail'}
          x="10"
          y={lineAt(index, title.length)}
        >
          {line}
        </text>
      ))}
    </>
  );
  const place = { class: `path-box path-${node.tone}`, transform: `translate(${x} ${y})` };
  const href = hrefOf(node, cluster);
  const [, navigate] = useLocation();
  if (href === undefined) return <g {...place}>{inside}</g>;
  const go = (event: MouseEvent): void => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    navigate(href);
  };
  return (
    <a {...place} href={href} onClick={go}>
      {inside}
    </a>
  );
}

function Named({ node, cluster }: { node: PathNode; cluster: string }) {
  const href = hrefOf(node, cluster);
  return href === undefined ? (
    <Said text={node.title} mono />
  ) : (
    <Link href={href}>
      <Said text={node.title} mono />
    </Link>
  );
}

function hrefOf({ about }: PathNode, cluster: string): string | undefined {
  if (!about) return undefined;
  return 'credential' in about ? credentialPath(about.credential, cluster) : historyPath({ source: about.source });
}

/** Before it is measured: an escape is longer than what it stands for. */
const printablePath = (path: Path): Path => ({
  ...path,
  stages: path.stages.map((stage) => ({
    ...stage,
    nodes: stage.nodes.map((node) => ({ ...node, title: printable(node.title), detail: printable(node.detail) })),
  })),
});
