// What happens when a page or one of its reports is opened.

function openSection(section) {
  if (!section || section.opened) return;
  section.opened = true;
  const later = section.querySelector(":scope > script.later");
  if (later) section.innerHTML = JSON.parse(later.textContent); // escaped when it was made
  const data = dataOf(section);
  for (const box of section.querySelectorAll("[data-table]")) {
    new Table(box, data[box.dataset.table]);
  }
  const maps = section.querySelector(".maps-section");
  if (maps) section.gallery = new Gallery(maps, data.maps);
}

function follow(event) {
  const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  const report = target && target.closest("article.report, #problems");
  const shown = report || document.querySelector("#problems, article.only");
  openSection(shown);
  if (event && shown && target === shown) {
    scrollTo(0, 0);
    shown.querySelector("h1").focus({ preventScroll: true });
  }
}

document.addEventListener("click", (event) => {
  const copied = event.target.closest("button.copy");
  if (copied) copy(copied.textContent);
  if (event.target.closest(".skip")) {
    event.preventDefault(); // the place in the address is that of the report
    document.getElementById("main").focus();
  }
  const map = event.target.closest("button.to-map");
  if (map) map.closest("article").gallery.show(Number(map.dataset.map));
});

addEventListener("hashchange", follow);

function setPrinting(now) {
  printing = now;
  document.dispatchEvent(new Event("theme"));
}

addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
  setPrinting(true);
});
addEventListener("afterprint", () => setPrinting(false));
startTheme();
follow();
