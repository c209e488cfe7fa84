export default function ({ data: [data], parentElement, setTriggerValue }) {
  const row = parentElement.querySelector(".row"), note = parentElement.querySelector("p[role=status]");
  parentElement.querySelector("section").classList.toggle("plain", !data.waits && !data.items.length);
  note.textContent = data.note;
  const names = JSON.stringify(data.items.map(({ name, url }) => [name, url.length]));
  if (row.names !== names) {
    row.names = names;
    row.replaceChildren(...data.items.map(({ name, url }) => {
      const button = Object.assign(document.createElement("button"), { type: "button" });
      const text = Object.assign(document.createElement("span"), { textContent: name });
      button.append(Object.assign(new Image(), { src: url, alt: "", draggable: false }), text);
      return button;
    }));
  }
  [...row.children].forEach((button, number) => {
    button.setAttribute("aria-pressed", data.items[number].taken);
    button.onclick = () => {
      note.textContent = "Using its points ...";
      setTriggerValue("take", number);
    };
  });
}
