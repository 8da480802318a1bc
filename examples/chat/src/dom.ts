/** The element of that id, which the page has. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found as T;
}

/** A new element with properties and children; text goes in as text. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Say what went wrong, until something else does or it is clicked away. */
export function complain(problem: unknown): void {
  const bar = byId("problem");
  bar.textContent = problem instanceof Error ? problem.message : String(problem);
  bar.hidden = false;
  bar.onclick = () => (bar.hidden = true);
}

/** Have `work` done, and what goes wrong with it said. */
export function attempt(work: () => Promise<unknown>): void {
  work().catch(complain);
}
