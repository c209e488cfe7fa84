// Links that work as links everywhere: a plain click goes through the server, so that the visitor's photos are kept.
const entry = ({ title, href, current }, isPage, go) => {
  const item = document.createElement("li"), link = document.createElement("a");
  Object.assign(link, { href, textContent: title });
  if (current) link.setAttribute("aria-current", isPage ? "page" : "true");
  link.onclick = (event) => {
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(href);
  };
  item.append(link);
  return item;
};

export default function ({ data: [data], parentElement, setTriggerValue }) {
  const find = (selector) => parentElement.querySelector(selector);
  const part = find(".part"), button = find(".part button");
  const open = (on) => button.setAttribute("aria-expanded", on);
  const go = (href) => { open(false); setTriggerValue("go", href); };
  const fill = (list, entries, isPage) => {
    const text = JSON.stringify(entries);
    if (list.entries_ === text) return;  // rebuilt, a link would lose the focus that it has
    list.entries_ = text;
    list.replaceChildren(...entries.map((item) => entry(item, isPage, go)));
  };
  fill(find(".words"), data.words, !data.pages.length);
  fill(find(".pages"), data.pages, true);
  part.hidden = !data.pages.length;
  button.textContent = data.pages.find(({ current }) => current)?.title ?? "More";
  button.onclick = () => open(button.getAttribute("aria-expanded") !== "true");
  part.onkeydown = (event) => { if (event.key === "Escape") { open(false); button.focus(); } };
  part.onfocusout = (event) => { if (!part.contains(event.relatedTarget)) open(false); };
}
