/** Elements, made without markup: whatever a results file says is text. */

type Child = Node | string;

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** A list to choose from. @param options by what `chosen` is told, with what the reader sees. */
export function choice(
  label: string,
  options: readonly (readonly [string, string])[],
  value: string,
  chosen: (value: string) => void,
): HTMLElement {
  const select = element(
    'select',
    {},
    ...options.map(([key, text]) => element('option', { value: key }, text)),
  );
  select.value = value;
  select.addEventListener('change', () => chosen(select.value));
  return element('label', { class: 'choice' }, element('span', {}, label), select);
}

export function table(head: readonly string[], rows: readonly (readonly Child[])[]): HTMLElement {
  return element(
    'div',
    { class: 'wide' },
    element(
      'table',
      {},
      element('thead', {}, element('tr', {}, ...head.map((text) => element('th', { scope: 'col' }, text)))),
      element(
        'tbody',
        {},
        ...rows.map((row) => element('tr', {}, ...row.map((cell) => element('td', {}, cell)))),
      ),
    ),
  );
}

/** A chart with its heading, and a line that says how to read it. `draw` is called again at each width. */
export function figure(
  title: string,
  caption: string,
  draw: (width: number) => Node | undefined,
  ...controls: readonly Child[]
): { readonly node: HTMLElement; readonly redraw: () => void } {
  const place = element('div', { class: 'plot' });
  const node = element(
    'figure',
    {},
    element('h3', {}, title),
    element('figcaption', {}, caption),
    ...controls,
    place,
  );
  let width = 0;
  const redraw = (): void => {
    width = place.clientWidth;
    if (width === 0) return;
    const drawn = draw(width);
    place.replaceChildren(...(drawn === undefined ? [] : [drawn]));
    node.hidden = drawn === undefined;
  };
  new ResizeObserver(() => {
    if (place.clientWidth !== width) requestAnimationFrame(redraw);
  }).observe(place);
  return { node, redraw };
}
