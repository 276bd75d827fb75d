"use strict";
// What the other scripts share: making elements, copying, data, the theme.

function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function dataOf(section) {
  if (!section.data) {
    const script = section.querySelector(":scope > script.data");
    section.data = script ? JSON.parse(script.textContent) : {};
  }
  return section.data;
}

let silence;
function say(text) {
  const said = document.getElementById("said");
  said.textContent = text;
  said.classList.add("seen");
  clearTimeout(silence);
  silence = setTimeout(() => said.classList.remove("seen"), 1800);
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Where a browser denies files the clipboard, a selection can still be copied.
    const area = make("textarea", { value: text, className: "off-screen" });
    const before = document.activeElement;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (before) before.focus({ preventScroll: true });
    if (!done) return say(`Not copied: the browser does not allow it. ${text}`);
  }
  say(`Copied ${text}`);
}

let printing = false;
const dark = matchMedia("(prefers-color-scheme: dark)");

function isDark() {
  if (printing) return false; // paper is white
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : dark.matches;
}

function remembered(theme) {
  try {
    if (theme) localStorage.setItem("gradproof-theme", theme);
    return localStorage.getItem("gradproof-theme");
  } catch {
    return null; // no storage for this file: the system's choice holds
  }
}

function startTheme() {
  const button = document.getElementById("theme");
  const chosen = remembered();
  if (chosen) document.documentElement.dataset.theme = chosen;
  function named() {
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", `Use ${isDark() ? "light" : "dark"} colours`);
    document.dispatchEvent(new Event("theme"));
  }
  button.hidden = false;
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    remembered(document.documentElement.dataset.theme);
    named();
  });
  dark.addEventListener("change", named);
  named();
}
