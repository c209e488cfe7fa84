export default function ({ data: [data], parentElement, setTriggerValue }) {
  const group = parentElement.querySelector("[role=radiogroup]");
  const names = JSON.stringify(data.items.map(({ key }) => key));
  if (group.names !== names) {
    group.names = names;
    group.replaceChildren(...data.items.map(({ name, url }) => {
      const button = Object.assign(document.createElement("button"), { type: "button", title: name });
      const text = Object.assign(document.createElement("span"), { textContent: name });
      button.setAttribute("role", "radio");
      button.setAttribute("aria-label", name);
      button.append(Object.assign(new Image(), { src: url, alt: "", draggable: false }), text);
      return button;
    }));
  }
  const buttons = [...group.children];
  const pick = (place) => {
    const { key } = data.items[place];
    mark(key);
    setTriggerValue("pick", key);
  };
  const mark = (chosen) => buttons.forEach((button, place) => {
    const isChosen = data.items[place].key === chosen;
    button.setAttribute("aria-checked", isChosen);
    button.tabIndex = isChosen ? 0 : -1;
    button.onclick = () => pick(place);
    button.onkeydown = (event) => {
      const way = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!way) return;
      event.preventDefault();
      const next = (place + way + buttons.length) % buttons.length;
      buttons[next].focus();
      pick(next);
    };
  });
  mark(data.chosen);
}
