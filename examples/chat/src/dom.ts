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

/** A button that does `work`. */
export function button(text: string, work: () => void): HTMLButtonElement {
  return make("button", { type: "button", onclick: work }, text);
}

/** Put `items` into `list`; whoever was at one of them with the keyboard stays there. */
export function fill(list: HTMLElement, items: HTMLElement[]): void {
  const focused = document.activeElement;
  list.replaceChildren(...items);
  if (focused instanceof HTMLElement && list.contains(focused)) focused.focus({ preventScroll: true });
}

/** What went wrong, as a sentence. */
export function wordsOf(problem: unknown): string {
  const words = problem instanceof Error ? problem.message : String(problem);
  return /[.!?…]$/.test(words) ? words : `${words}.`;
}

/** Say what went wrong, until something else does or it is dismissed; `again` may be tried again. */
export function complain(problem: unknown, again?: () => void): void {
  const bar = byId("problem");
  bar.querySelector("p")!.textContent = wordsOf(problem);
  byId("again").hidden = again === undefined;
  byId("again").onclick = () => {
    bar.hidden = true;
    again?.();
  };
  byId("dismiss").onclick = () => (bar.hidden = true);
  bar.hidden = false;
}

/** Tell those who do not see the page what has just come. */
export function announce(text: string): void {
  byId("announcement").textContent = text;
}

/** Have `work` done, and what goes wrong with it said. */
export function attempt(work: () => Promise<unknown>): void {
  work().catch((problem: unknown) => complain(problem));
}
