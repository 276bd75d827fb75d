// Tables: the first rows are on the page; sorting, filtering and paging draw others from the data.

const RANK = { fail: 0, inconclusive: 1, pass: 2 };
const VERDICTS = { fail: "FAIL", inconclusive: "undecided", pass: "pass" };
const inOrder = new Intl.Collator("en", { numeric: true }).compare;

function exponential(value) {
  return value.toExponential(1).replace(/e([+-])(\d)$/, "e$10$2");
}

const CELLS = {
  address([text, words, map]) {
    const parts = [make("button", { className: "copy", type: "button", title: "Copy" }, text)];
    if (map !== null) {
      parts.push(
        make(
          "button",
          { className: "to-map", type: "button", "data-map": map, "aria-label": `Heat map of ${text}` },
          "map",
        ),
      );
    }
    if (words) parts.push(make("span", { className: "words" }, words));
    return parts;
  },
  link: ([text, href]) => [make("a", { href }, text)],
  keyed: ([text]) => [text],
  number: (value) => [exponential(value)],
  count: (value) => [value.toLocaleString("en")],
  share: ([count, size]) => [
    size ? `${count.toLocaleString("en")} / ${size.toLocaleString("en")}` : "–",
  ],
  verdict: (value) => [make("span", { className: `verdict ${value}` }, VERDICTS[value])],
  text: (value) => [value],
};

const KEYS = {
  address: (value) => value[0],
  link: (value) => value[0],
  keyed: (value) => value[1],
  share: (value) => value[0],
  verdict: (value) => RANK[value],
};

function sortedBy(rows, column, kind, descending) {
  const key = KEYS[kind] || ((value) => value);
  const known = [];
  const unknown = []; // always last
  for (const row of rows) {
    const value = row[column] === null ? null : key(row[column]);
    if (value === null || value === undefined) unknown.push(row);
    else known.push([value, row]);
  }
  const words = known.length > 0 && typeof known[0][0] === "string";
  const compare = words ? inOrder : (a, b) => a - b;
  known.sort((a, b) => (descending ? -1 : 1) * compare(a[0], b[0]));
  return known.map((pair) => pair[1]).concat(unknown);
}

function textOf(row) {
  return row
    .map((cell) => (Array.isArray(cell) ? `${cell[0]} ${typeof cell[1] === "string" ? cell[1] : ""}` : cell))
    .join(" ")
    .toLowerCase();
}

class Table {
  constructor(box, data) {
    this.box = box;
    this.data = data;
    this.atOnce = data.atOnce;
    this.labels = [...box.querySelectorAll("th")].map((head) => head.textContent);
    this.verdict = data.kinds.indexOf("verdict");
    this.rows = data.rows;
    this.order = null;
    this.only = new Set();
    this.wanted = "";
    this.page = 0;
    box.querySelectorAll("th button").forEach((button, column) => {
      button.addEventListener("click", () => this.sort(column));
    });
    const tools = box.querySelector(".tools");
    if (tools) {
      tools.hidden = false;
      tools.querySelector("input").addEventListener("input", (event) => {
        this.wanted = event.target.value.trim().toLowerCase();
        clearTimeout(this.typing);
        this.typing = setTimeout(() => this.select(), data.rows.length > 5000 ? 150 : 0);
      });
      for (const chip of tools.querySelectorAll(".chip")) {
        chip.addEventListener("click", () => this.toggle(chip));
      }
    }
    for (const button of box.querySelectorAll(".pages button")) {
      button.addEventListener("click", () => this.turn(button.dataset.go));
    }
    this.showPages();
  }

  sort(column) {
    const descending = this.order && this.order.column === column && !this.order.descending;
    this.order = { column, descending: Boolean(descending) };
    this.box.querySelectorAll("th").forEach((head, i) => {
      const way = descending ? "descending" : "ascending";
      head.setAttribute("aria-sort", i === column ? way : "none");
    });
    this.select();
  }

  toggle(chip) {
    const verdict = chip.dataset.verdict;
    if (!this.only.delete(verdict)) this.only.add(verdict);
    chip.setAttribute("aria-pressed", String(this.only.has(verdict)));
    this.select();
  }

  select() {
    let rows = this.data.rows;
    if (this.only.size) rows = rows.filter((row) => this.only.has(row[this.verdict]));
    if (this.wanted) {
      this.texts ||= new Map(this.data.rows.map((row) => [row, textOf(row)]));
      rows = rows.filter((row) => this.texts.get(row).includes(this.wanted));
    }
    if (this.order) {
      const { column, descending } = this.order;
      rows = sortedBy(rows, column, this.data.kinds[column], descending);
    }
    this.rows = rows;
    this.page = 0;
    this.draw();
  }

  get last() {
    return Math.max(0, Math.ceil(this.rows.length / this.atOnce) - 1);
  }

  turn(where) {
    const to = { first: 0, back: this.page - 1, on: this.page + 1, last: this.last }[where];
    this.page = Math.min(Math.max(to, 0), this.last);
    this.draw();
  }

  draw() {
    const shown = this.rows.slice(this.page * this.atOnce, (this.page + 1) * this.atOnce);
    this.box.querySelector("tbody").replaceChildren(...shown.map((row) => this.line(row)));
    this.showPages();
  }

  line(row) {
    const cells = row.map((value, i) => {
      const kind = this.data.kinds[i];
      const content = value === null ? ["–"] : CELLS[kind](value);
      return make("td", { className: kind, role: "cell", "data-label": this.labels[i] }, ...content);
    });
    return make("tr", { role: "row" }, ...cells);
  }

  showPages() {
    const pages = this.box.querySelector(".pages");
    const from = this.page * this.atOnce;
    const to = Math.min(from + this.atOnce, this.rows.length);
    const all = this.data.rows.length;
    const count = this.rows.length.toLocaleString("en");
    const of = this.rows.length === all ? count : `${count} that match`;
    pages.hidden = all <= this.atOnce && this.rows.length === all;
    pages.querySelector("p").textContent = to ? `${(from + 1).toLocaleString("en")}–${to.toLocaleString("en")} of ${of}` : "Nothing matches";
    for (const button of pages.querySelectorAll("button")) {
      const back = button.dataset.go === "first" || button.dataset.go === "back";
      // Not `disabled`: a button that has the focus must not lose it.
      button.setAttribute("aria-disabled", String(back ? this.page === 0 : this.page === this.last));
      button.hidden = this.last === 0;
    }
  }
}
