// What a heat map knows of its tensor: addresses, numbers, and their words.

function numbersOf(packed) {
  const bytes = Uint8Array.from(atob(packed.values), (c) => c.charCodeAt(0));
  return { scale: packed.scale, values: new Float32Array(bytes.buffer) };
}

function placesOf(text) {
  return new Uint32Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
}

function readable(value) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "not measured" : String(value);
  const text = Math.abs(value) >= 1e5 || (value && Math.abs(value) < 1e-4) ? value.toExponential(5) : String(Number(value.toPrecision(6)));
  return (value > 0 ? "+" : "") + text.replace("-", "−");
}

function barsInWords(bars) {
  if (!Number.isFinite(bars)) return Number.isNaN(bars) ? "not measured" : "no bar";
  return bars >= 1e4 ? `${exponential(bars)} bars` : `${bars.toLocaleString("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 })} bars`;
}

class Values {
  constructor(data) {
    Object.assign(this, data);
    this.claims = numbersOf(data.claimed);
    this.differences = numbersOf(data.difference);
    this.errors = numbersOf(data.bar);
    this.places = data.place ? placesOf(data.place) : null;
    this.bars = Float32Array.from(this.differences.values, (one, i) => {
      const difference = Math.abs(one * this.differences.scale);
      const bar = this.errors.values[i] * this.errors.scale;
      return difference === 0 && bar === 0 ? 0 : difference / bar;
    });
    this.worst = 0;
    for (let i = 1; i < this.bars.length; i += 1) {
      if (!(this.bars[i] <= this.bars[this.worst])) {
        // NaN is no distance: it gives way to any, and to none.
        if (!Number.isNaN(this.bars[i])) this.worst = i;
      }
    }
  }

  placeOf(cell) {
    return this.places ? this.places[cell] : cell;
  }

  address(cell) {
    if (!this.shape.length) return this.address_of_all;
    let left = this.placeOf(cell);
    const index = [...this.shape].reverse().map((size) => {
      const one = left % size;
      left = Math.floor(left / size);
      return one;
    });
    return `${this.address_of_all}[${index.reverse().join(", ")}]`;
  }

  read(cell) {
    const claimed = this.claims.values[cell] * this.claims.scale;
    const difference = this.differences.values[cell] * this.differences.scale;
    return {
      address: this.address(cell),
      claimed: readable(claimed),
      measured: readable(claimed - difference),
      difference: readable(difference),
      bars: barsInWords(this.bars[cell]),
    };
  }
}
