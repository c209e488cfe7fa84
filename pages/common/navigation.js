// Links that work as links everywhere: a plain click goes through the server, so that the visitor's photos are kept.
const entry = ({ title, href, current }, go) => {
  const item = document.createElement("li"), link = document.createElement("a");
  Object.assign(link, { href, textContent: title });
  if (current) link.setAttribute("aria-current", current);
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
  const fill = (list, entries) => {
    const text = JSON.stringify(entries);
    if (list.entries_ === text) return;  // rebuilt, a link would lose the focus that it has
    list.entries_ = text;
    list.replaceChildren(...entries.map((item) => entry(item, go)));
  };
  fill(find(".words"), data.words);
  fill(find(".pages"), data.pages);
  part.hidden = !data.pages.length;
  button.textContent = data.here;  // on a narrow screen the only place that names the page
  button.onclick = () => open(button.getAttribute("aria-expanded") !== "true");
  part.onkeydown = (event) => { if (event.key === "Escape") { open(false); button.focus(); } };
  part.onfocusout = (event) => { if (!part.contains(event.relatedTarget)) open(false); };
}
