// The maps of a report: a few at once, the others when they are asked for.

const AT_ONCE = 6;

class Gallery {
  constructor(section, maps) {
    this.box = section.querySelector(".maps");
    this.maps = maps;
    const largest = maps.reduce((most, map) => Math.max(most, map.largest), 0);
    this.highest = Math.min(12, Math.max(4, Math.ceil(Math.log10(largest || 1))));
    this.drawn = new Map();
    this.more = section.querySelector(".more");
    this.more.addEventListener("click", () => this.go());
    this.legend(section.querySelector(".legend"));
    this.go();
  }

  go() {
    let left = AT_ONCE;
    for (let i = 0; i < this.maps.length && left; i += 1) {
      if (!this.drawn.has(i)) {
        this.add(i);
        left -= 1;
      }
    }
    const rest = this.maps.length - this.drawn.size;
    this.more.hidden = rest === 0;
    this.more.textContent = `Show ${Math.min(AT_ONCE, rest)} more of ${rest.toLocaleString("en")}`;
  }

  add(number) {
    const { address, ...rest } = this.maps[number];
    const map = new HeatMap(new Values({ address_of_all: address, ...rest }), this.highest);
    this.drawn.set(number, map);
    this.box.append(map.figure);
    map.fit();
    return map;
  }

  show(number) {
    const map = this.drawn.get(number) || this.add(number);
    map.figure.scrollIntoView({ block: "center" });
    map.canvas.focus({ preventScroll: true });
  }

  legend(box) {
    const bar = make("div", { className: "ramp" });
    const every = this.highest > 6 ? 3 : 1;
    const ticks = [];
    for (let power = LOWEST; power <= this.highest; power += 1) {
      if (power === LOWEST && this.highest > 6) continue; // no room
      if (power !== LOWEST && power !== 0 && power % every && power !== this.highest) continue;
      const name = { "-1": "0.1", 0: "1 bar", 1: "10", 2: "100" }[power];
      const tick = make("span", {}, ...(name ? [name] : ["10", make("sup", {}, String(power))]));
      tick.style.left = `${(100 * (power - LOWEST)) / (this.highest - LOWEST)}%`;
      ticks.push(tick);
    }
    const paint = () => {
      const theme = isDark() ? "dark" : "light";
      const stops = Array.from({ length: 101 }, (_, i) => {
        const power = LOWEST + (i / 100) * (this.highest - LOWEST);
        return `rgb(${colorAt(power, this.highest, theme)}) ${i}%`;
      });
      bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
    };
    paint();
    document.addEventListener("theme", paint);
    const scale = make("div", { className: "scale" }, bar, make("div", { className: "ticks" }, ...ticks));
    box.append(scale, make("span", { className: "unmeasured" }, "not measured"));
  }
}
