"""Accessibility checks of a page: scripts for the browser, each returning the faults."""

UNNAMED = """
  return [...document.querySelectorAll("a, button, input, select, [role=img]")]
    .filter((element) => element.checkVisibility())
    .filter((element) => !(element.getAttribute("aria-label") || element.textContent.trim() || element.labels?.length))
    .map((element) => element.outerHTML)
"""
"""Controls and pictures that a screen reader cannot name."""

PALE = """
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const parts = (colour) => {
    const [r, g, b, a = 1] = colour.replace(/^color\\(srgb/, "").match(/[\\d.e-]+/g).map(Number);
    return [...[r, g, b].map((v) => colour.startsWith("color(") ? v * 255 : v), a];
  };
  const over = (upper, lower) => upper.slice(0, 3).map((v, i) => v * upper[3] + lower[i] * (1 - upper[3]));
  const behind = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const style = getComputedStyle(at), found = parts(style.backgroundColor);
      if (style.backgroundImage !== "none") return null;
      layers.push(found);
      if (found[3] === 1) return layers.reverse().reduce((ground, layer) => over(layer, ground), [0, 0, 0]);
    }
    return null;
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const pale = [];
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement, style = getComputedStyle(element);
    if (!texts.currentNode.data.trim() || !element.checkVisibility({ opacityProperty: true })) continue;
    const ground = behind(element);
    if (!ground) continue;
    const ink = element.namespaceURI.endsWith("svg") ? style.fill : style.color;
    const [a, b] = [light(over(parts(ink), ground)), light(ground)].sort((x, y) => y - x);
    if ((a + .05) / (b + .05) < 4.5) pale.push(`${texts.currentNode.data.trim()} (${ink} on ${ground.map(Math.round)})`);
  }
  return [...new Set(pale)];
"""
"""Texts with a contrast below 4.5 to 1; texts over pictures are ignored."""
