// The colours of distances in bars, in both themes.

const LOWEST = -1; // a tenth of a bar, as a power of ten
const RAMPS = {
  // Cool and pale within the bar, warm beyond; lightness alone tells the order, too.
  light: [[-1, [236, 241, 244]], [0, [165, 196, 214]], [0, [247, 208, 112]], [3, [217, 112, 38]], [Infinity, [110, 20, 32]]],
  dark: [[-1, [33, 43, 51]], [0, [62, 100, 124]], [0, [150, 104, 20]], [3, [240, 150, 66]], [Infinity, [255, 232, 200]]],
};
const HATCH = { light: [[226, 226, 222], [200, 200, 196]], dark: [[42, 46, 50], [66, 71, 76]] };

function colorAt(power, highest, theme) {
  const stops = RAMPS[theme].map(([at, color]) => [Math.min(at, highest), color]);
  let i = 1;
  while (i < stops.length - 1 && power > stops[i][0]) i += 1;
  const [[from, a], [to, b]] = [stops[i - 1], stops[i]];
  const share = to > from ? Math.min(1, Math.max(0, (power - from) / (to - from))) : 1;
  return a.map((one, j) => Math.round(one + share * (b[j] - one)));
}
