// A heat map on a canvas: drawn, zoomed, moved, and read by pointer and keys.

class HeatMap {
  constructor(values, highest) {
    this.values = values;
    this.highest = highest;
    this.cursor = null;
    this.canvas = make("canvas", { tabIndex: 0, role: "application", "aria-roledescription": "heat map" });
    this.canvas.setAttribute("aria-label", `${values.address_of_all}, ${values.folding}. Arrows move, plus and minus zoom, 0 shows all, Enter copies the address.`);
    this.box = make("div", { className: "canvas-box" }, this.canvas);
    this.output = make("output", { className: "reading" });
    const button = (label, text, action) => {
      const made = make("button", { type: "button", "aria-label": label, title: label }, text);
      made.addEventListener("click", action);
      return made;
    };
    const tools = make(
      "div",
      { className: "map-tools" },
      button("Zoom in", "+", () => this.zoom(2)),
      button("Zoom out", "−", () => this.zoom(0.5)),
      button("Show all", "all", () => this.reset()),
      button("Go to the worst", "worst", () => this.toWorst()),
    );
    const address = make("button", { className: "copy", type: "button", title: "Copy" }, values.address_of_all);
    this.figure = make("figure", { className: values.columns > 150 ? "map large" : "map" }, make("figcaption", {}, address, make("span", {}, values.folding), tools), this.box, this.output);
    this.reset(false);
    this.listen();
  }

  listen() {
    const canvas = this.canvas;
    canvas.addEventListener("pointermove", (event) => this.moved(event));
    canvas.addEventListener("pointerleave", () => this.drag || this.read(document.activeElement === canvas ? this.cursor : null));
    canvas.addEventListener("pointerdown", (event) => {
      this.drag = { x: event.offsetX, y: event.offsetY, view: { ...this.view }, far: false };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointerup", (event) => {
      const clicked = this.drag && !this.drag.far;
      this.drag = null;
      if (clicked) this.pick(this.cellAt(event.offsetX, event.offsetY));
    });
    canvas.addEventListener("pointercancel", () => (this.drag = null));
    canvas.addEventListener("wheel", (event) => {
      if (document.activeElement !== canvas && !event.ctrlKey) return; // the page scrolls
      event.preventDefault();
      this.zoom(event.deltaY < 0 ? 1.25 : 0.8, this.pointAt(event.offsetX, event.offsetY));
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("focus", () => this.read(this.cursor ?? this.values.worst, true));
    new ResizeObserver(() => this.fit()).observe(this.box);
    document.addEventListener("theme", () => this.draw());
  }

  reset(draw = true) {
    this.view = { left: 0, top: 0, wide: this.values.columns, high: this.values.rows };
    if (draw) this.draw();
  }

  fit() {
    const room = Math.floor(this.box.clientWidth);
    if (!room) return;
    const { rows, columns } = this.values;
    const cell = Math.min(22, room / columns, 340 / rows);
    // Square cells as long as they can be seen.
    const wide = cell >= 2 ? cell * columns : Math.min(room, Math.max(columns * cell, columns * Math.min(22, room / columns)));
    const high = cell >= 2 ? cell * rows : Math.min(340, rows * Math.min(22, 340 / rows));
    this.width = Math.max(Math.round(wide), Math.min(room, 22));
    this.height = Math.max(Math.round(high), 12);
    const ratio = devicePixelRatio || 1;
    this.canvas.style.width = `${this.width}px`;
    this.canvas.style.height = `${this.height}px`;
    this.canvas.width = Math.round(this.width * ratio);
    this.canvas.height = Math.round(this.height * ratio);
    this.draw();
  }

  draw() {
    this.picture = null;
    this.show();
  }

  show() {
    if (!this.width) return;
    const { width, height } = this.canvas;
    const context = this.canvas.getContext("2d");
    const theme = isDark() ? "dark" : "light";
    this.picture ||= this.image(context, width, height, theme);
    context.putImageData(this.picture, 0, 0);
    context.lineWidth = 2 * (devicePixelRatio || 1);
    const bars = this.values.bars[this.values.worst];
    if (bars > 1 && this.values.bars.length > 1) this.ring(context, this.values.worst, theme);
    if (this.cursor !== null) this.frame(context, this.cursor, theme);
  }

  image(context, width, height, theme) {
    // Where cells are smaller than pixels a pixel shows the worst of them: one in 100,000 is seen.
    const { rows, columns, bars, places, size } = this.values;
    const { left, top, wide, high } = this.view;
    const [sx, sy] = [width / wide, height / high];
    const gap = Math.min(sx, sy) >= 7 ? 1 : 0;
    const worst = new Float32Array(width * height).fill(-2);
    const lastRow = Math.min(rows, Math.ceil(top + high));
    const lastColumn = Math.min(columns, Math.ceil(left + wide));
    for (let row = Math.max(0, Math.floor(top)); row < lastRow; row += 1) {
      const y0 = Math.max(0, Math.floor((row - top) * sy));
      const y1 = Math.min(height, Math.max(y0 + 1, Math.floor((row + 1 - top) * sy) - gap));
      for (let column = Math.max(0, Math.floor(left)); column < lastColumn; column += 1) {
        const cell = row * columns + column;
        if ((places ? places[cell] : cell) >= size) continue; // behind the end of a vector
        const value = Number.isNaN(bars[cell]) ? -1 : bars[cell];
        const x0 = Math.max(0, Math.floor((column - left) * sx));
        const x1 = Math.min(width, Math.max(x0 + 1, Math.floor((column + 1 - left) * sx) - gap));
        for (let y = y0; y < y1; y += 1) {
          for (let p = y * width + x0; p < y * width + x1; p += 1) if (value > worst[p]) worst[p] = value;
        }
      }
    }
    return this.painted(context.createImageData(width, height), worst, theme);
  }

  painted(image, worst, theme) {
    const steps = 255;
    const colors = Array.from({ length: steps + 1 }, (_, i) => colorAt(LOWEST + (i / steps) * (this.highest - LOWEST), this.highest, theme));
    const hatch = HATCH[theme];
    const out = image.data;
    for (let p = 0; p < worst.length; p += 1) {
      const value = worst[p];
      if (value === -2) continue;
      let color;
      if (value < 0) color = hatch[((p % image.width) + Math.floor(p / image.width)) % 6 < 2 ? 1 : 0];
      else {
        const share = (Math.log10(Math.max(value, 1e-9)) - LOWEST) / (this.highest - LOWEST);
        color = colors[Math.round(steps * Math.min(1, Math.max(0, share)))];
      }
      out[4 * p] = color[0];
      out[4 * p + 1] = color[1];
      out[4 * p + 2] = color[2];
      out[4 * p + 3] = 255;
    }
    return image;
  }

  pixels(cell) {
    const { columns } = this.values;
    const { left, top, wide, high } = this.view;
    const [sx, sy] = [this.canvas.width / wide, this.canvas.height / high];
    const [row, column] = [Math.floor(cell / columns), cell % columns];
    return [(column - left) * sx, (row - top) * sy, sx, sy];
  }

  ring(context, cell, theme) {
    const [x, y, wide, high] = this.pixels(cell);
    if (Math.max(wide, high) >= 14) return; // large enough to be seen
    context.strokeStyle = theme === "dark" ? "#fff" : "#16181b";
    context.beginPath();
    context.arc(x + wide / 2, y + high / 2, 8 * (devicePixelRatio || 1), 0, 2 * Math.PI);
    context.stroke();
  }

  frame(context, cell, theme) {
    const [x, y, wide, high] = this.pixels(cell);
    const grow = Math.max(0, 6 - Math.min(wide, high)) / 2;
    context.strokeStyle = theme === "dark" ? "#fff" : "#16181b";
    context.strokeRect(x - grow, y - grow, wide + 2 * grow, high + 2 * grow);
  }

  pointAt(x, y) {
    const { left, top, wide, high } = this.view;
    return [left + (x / this.width) * wide, top + (y / this.height) * high];
  }

  cellAt(x, y) {
    const [column, row] = this.pointAt(x, y).map(Math.floor);
    const { rows, columns, size } = this.values;
    if (column < 0 || row < 0 || column >= columns || row >= rows) return null;
    const under = row * columns + column;
    if (this.values.placeOf(under) >= size) return null;
    return this.worstUnder(column, row, under);
  }

  worstUnder(column, row, under) {
    // A pixel of many cells shows the worst of them, and so does what is read there.
    const { rows, columns, bars } = this.values;
    const [across, down] = [this.view.wide / this.width, this.view.high / this.height].map(Math.ceil);
    let best = under;
    for (let r = row; r < Math.min(rows, row + down); r += 1) {
      for (let c = column; c < Math.min(columns, column + across); c += 1) {
        if (bars[r * columns + c] > (bars[best] || 0)) best = r * columns + c;
      }
    }
    return best;
  }

  moved(event) {
    if (!this.drag) return this.read(this.cellAt(event.offsetX, event.offsetY));
    const { x, y, view } = this.drag;
    const [dx, dy] = [event.offsetX - x, event.offsetY - y];
    this.drag.far ||= Math.hypot(dx, dy) > 4;
    if (!this.drag.far) return;
    this.look(view.left - (dx / this.width) * view.wide, view.top - (dy / this.height) * view.high);
  }

  look(left, top, wide = this.view.wide, high = this.view.high) {
    const { rows, columns } = this.values;
    this.view = {
      left: Math.min(Math.max(left, 0), columns - wide),
      top: Math.min(Math.max(top, 0), rows - high),
      wide,
      high,
    };
    this.draw();
  }

  zoom(by, point) {
    const { left, top, wide, high } = this.view;
    const [row, column] = this.cursor === null ? [top + high / 2, left + wide / 2] : this.spot(this.cursor);
    const [x, y] = point || [column, row];
    const { rows, columns } = this.values;
    const newWide = Math.min(columns, Math.max(wide / by, Math.min(4, columns)));
    const newHigh = Math.min(rows, Math.max(high / by, Math.min(4, rows)));
    this.look(x - ((x - left) * newWide) / wide, y - ((y - top) * newHigh) / high, newWide, newHigh);
    this.canvas.classList.toggle("zoomed", newWide < columns || newHigh < rows);
  }

  spot(cell) {
    return [Math.floor(cell / this.values.columns) + 0.5, (cell % this.values.columns) + 0.5];
  }

  toWorst() {
    this.reset(false);
    const { rows, columns, worst } = this.values;
    const [row, column] = this.spot(worst);
    const [wide, high] = [Math.min(columns, 24), Math.min(rows, 24)];
    this.canvas.classList.toggle("zoomed", wide < columns || high < rows);
    this.look(column - wide / 2, row - high / 2, wide, high);
    this.read(worst, true);
  }

  key(event) {
    const { rows, columns, size } = this.values;
    const far = event.shiftKey ? 10 : 1;
    const moves = { ArrowLeft: [0, -far], ArrowRight: [0, far], ArrowUp: [-far, 0], ArrowDown: [far, 0] };
    const cell = this.cursor ?? this.values.worst;
    if (moves[event.key]) {
      const row = Math.min(Math.max(Math.floor(cell / columns) + moves[event.key][0], 0), rows - 1);
      const column = Math.min(Math.max((cell % columns) + moves[event.key][1], 0), columns - 1);
      const to = row * columns + column;
      if (this.values.placeOf(to) < size) this.read(to, true);
    } else if (event.key === "+" || event.key === "=") this.zoom(2);
    else if (event.key === "-") this.zoom(0.5);
    else if (event.key === "0") this.reset();
    else if (event.key === "Enter") this.pick(cell);
    else return;
    event.preventDefault();
  }

  read(cell, follow = false) {
    this.cursor = cell;
    if (cell !== null && follow) {
      const [row, column] = this.spot(cell);
      const { left, top, wide, high } = this.view;
      const inside = column > left && column < left + wide && row > top && row < top + high;
      if (!inside) this.look(column - wide / 2, row - high / 2);
    }
    this.show();
    if (cell === null) return this.output.replaceChildren();
    const { address, ...rest } = this.values.read(cell);
    const words = Object.entries(rest).map(([name, text]) =>
      make("span", {}, name === "bars" ? text : make("i", {}, `${name} `), name === "bars" ? "" : text),
    );
    return this.output.replaceChildren(make("b", {}, address), ...words);
  }

  pick(cell) {
    if (cell === null) return;
    this.read(cell);
    copy(this.values.address(cell));
  }
}
