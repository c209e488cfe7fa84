const WORDS = { waiting: "waits for its colours", failed: "could not be coloured", coloured: "coloured" };

export default function ({ data: [tiles], parentElement, setTriggerValue }) {
  const grid = parentElement.querySelector(".grid"), keys = tiles.map(({ key }) => key).join();
  if (grid.keys !== keys) {
    grid.keys = keys;
    grid.replaceChildren(...tiles.map(() => {
      const button = Object.assign(document.createElement("button"), { type: "button" });
      button.append(Object.assign(new Image(), { alt: "", draggable: false }), document.createElement("span"));
      return button;
    }));
  }
  [...grid.children].forEach((button, place) => {
    const { key, name, url, state, isGrey, isChosen } = tiles[place], [image, text] = button.children;
    if (image.src !== url) image.src = url;
    button.className = state;
    image.classList.toggle("grey", isGrey);
    text.textContent = name;
    button.title = name;
    button.setAttribute("aria-label", `${name}, ${WORDS[state]}`);
    button.setAttribute("aria-pressed", isChosen);
    button.onclick = () => {
      setTriggerValue("pick", key);
      const quiet = matchMedia("(prefers-reduced-motion: reduce)").matches;
      document.querySelector(".st-key-photos")?.scrollIntoView({ behavior: quiet ? "auto" : "smooth", block: "center" });
    };
  });
}
