/** Shapes of things on a field of 120 by 120: `c` the body, `d` its dark parts, `a` an accent. */
import type { JSX } from "preact";

export interface Paint {
  c: string;
  d: string;
  a: string;
  v: number; // a variant, 0 to 3
}
type Glyph = (paint: Paint) => JSX.Element;
const line = (color: string, width = 4) =>
  ({ fill: "none", stroke: color, "stroke-width": width, "stroke-linecap": "round", "stroke-linejoin": "round" }) as const;

const phone: Glyph = ({ c, d, a, v }) => (
  <>
    <rect x="38" y="18" width="44" height="84" rx="9" fill={d} />
    <rect x="41" y="22" width="38" height="76" rx="6" fill={c} />
    <circle cx={v % 2 ? 60 : 48} cy="29" r="2.4" fill={d} />
    <path d={`M41 ${66 + v * 4}q19 -22 38 -6v32q0 6 -6 6h-26q-6 0 -6 -6z`} fill={a} opacity=".8" />
  </>
);
const phoneCase: Glyph = ({ c, d, a, v }) => (
  <>
    <rect x="35" y="16" width="50" height="88" rx="12" fill={c} />
    <rect x="40" y="21" width="40" height="78" rx="8" {...line(d, 2)} opacity=".5" />
    <rect x="42" y="24" width="18" height={v % 2 ? 18 : 26} rx="6" fill={d} />
    <circle cx="51" cy="32" r="4" fill={a} />
    <path d="M48 74h24M52 82h16" {...line(a, 3)} />
  </>
);
const screen: Glyph = ({ c, d, a, v }) => (
  <>
    <rect x="24" y="28" width="72" height="48" rx="5" fill={d} />
    <rect x="28" y="32" width="64" height="40" rx="2" fill={c} />
    <path d={`M28 ${60 - v * 3}l18 -12 16 10 30 -18v32h-64z`} fill={a} opacity=".85" />
    <path d="M14 82h92l-6 9h-80z" fill={d} />
    <path d="M50 82h20l-2 4h-16z" fill={c} />
  </>
);
const monitor: Glyph = ({ c, d, a }) => (
  <>
    <rect x="18" y="24" width="84" height="54" rx="5" fill={d} />
    <rect x="22" y="28" width="76" height="46" rx="2" fill={c} />
    <path d="M22 62q24 -26 40 -10t36 -16v38h-76z" fill={a} opacity=".85" />
    <path d="M54 78h12v14h-12zM40 92h40v5h-40z" fill={d} />
  </>
);
const tablet: Glyph = ({ c, d, a }) => (
  <>
    <rect x="30" y="18" width="60" height="84" rx="8" fill={d} />
    <rect x="35" y="24" width="50" height="70" rx="3" fill={c} />
    <path d="M43 38h34M43 48h34M43 58h24" {...line(d, 3)} opacity=".5" />
    <circle cx="68" cy="78" r="9" fill={a} />
  </>
);
const keyboard: Glyph = ({ c, d, a }) => (
  <>
    <rect x="14" y="40" width="92" height="42" rx="7" fill={d} />
    {[0, 1, 2].map((row) =>
      [0, 1, 2, 3, 4, 5, 6].map((key) => (
        <rect
          key={`${row}/${key}`}
          x={20 + key * 11.6}
          y={46 + row * 11}
          width="9"
          height="8.4"
          rx="2"
          fill={row === 1 && key === 6 ? a : c}
        />
      )),
    )}
  </>
);
const mouse: Glyph = ({ c, d, a, v }) => (
  <>
    <path d={`M60 26q28 0 28 ${34 + v * 2}t-28 40q-28 0 -28 -40t28 -34z`} fill={c} />
    <path d="M60 27v28M33 56q27 8 54 0" {...line(d, 3)} />
    <rect x="56.5" y="36" width="7" height="14" rx="3.5" fill={a} />
  </>
);
const charger: Glyph = ({ c, d, a, v }) => (
  <>
    <path d="M48 18v18M72 18v18" {...line(d, 6)} />
    <rect x="34" y="34" width="52" height="46" rx="10" fill={c} />
    <path d="M64 42l-14 18h10l-4 14 14 -18h-10z" fill={a} />
    <path d={`M60 80v10q0 12 ${v % 2 ? 18 : -18} 12`} {...line(d, 5)} />
  </>
);
const battery: Glyph = ({ c, d, a, v }) => (
  <>
    <rect x="34" y="22" width="52" height="80" rx="10" fill={c} />
    <rect x="40" y="28" width="40" height="50" rx="5" fill={d} opacity=".2" />
    {[0, 1, 2, 3].map((bar) => (
      <rect key={bar} x="45" y={66 - bar * 11} width="30" height="7" rx="2" fill={bar <= v ? a : d} opacity={bar <= v ? 1 : 0.35} />
    ))}
    <rect x="52" y="88" width="16" height="6" rx="3" fill={d} />
  </>
);
const cable: Glyph = ({ c, d, a }) => (
  <>
    <circle cx="60" cy="58" r="28" {...line(c, 7)} />
    <circle cx="60" cy="58" r="17" {...line(c, 7)} />
    <path d="M60 86q2 14 22 14" {...line(c, 7)} />
    <rect x="80" y="93" width="20" height="13" rx="3" fill={d} />
    <rect x="32" y="20" width="13" height="20" rx="3" fill={a} />
  </>
);
const headphones: Glyph = ({ c, d, a }) => (
  <>
    <path d="M28 72v-10a32 32 0 0 1 64 0v10" {...line(d, 7)} />
    <rect x="20" y="62" width="20" height="34" rx="9" fill={c} />
    <rect x="80" y="62" width="20" height="34" rx="9" fill={c} />
    <path d="M36 70v18M84 70v18" {...line(a, 5)} />
  </>
);
const earbuds: Glyph = ({ c, d, a }) => (
  <>
    <circle cx="42" cy="44" r="16" fill={c} />
    <rect x="41" y="44" width="12" height="46" rx="6" fill={c} />
    <circle cx="80" cy="44" r="16" fill={c} />
    <rect x="69" y="44" width="12" height="46" rx="6" fill={c} />
    <circle cx="37" cy="43" r="7" fill={d} />
    <circle cx="85" cy="43" r="7" fill={d} />
    <path d="M47 82v6M75 82v6" {...line(a, 4)} />
  </>
);
const speaker: Glyph = ({ c, d, a }) => (
  <>
    <rect x="36" y="20" width="48" height="82" rx="14" fill={c} />
    <circle cx="60" cy="72" r="17" fill={d} />
    <circle cx="60" cy="72" r="7" fill={a} />
    <circle cx="60" cy="40" r="8" fill={d} />
  </>
);
const lamp: Glyph = ({ c, d, a }) => (
  <>
    <path d="M42 100h36M60 100v-26l-20 -22" {...line(d, 5)} />
    <path d="M30 30l34 10 -20 24q-20 -8 -14 -34z" fill={c} />
    <path d="M58 58l22 20M66 50l24 8" {...line(a, 3)} />
  </>
);
const lantern: Glyph = ({ c, d, a }) => (
  <>
    <path d="M44 34q16 -24 32 0" {...line(d, 4)} />
    <rect x="40" y="32" width="40" height="10" rx="4" fill={d} />
    <rect x="44" y="42" width="32" height="40" rx="4" fill={a} opacity=".75" />
    <path d="M60 50q10 12 0 24q-10 -12 0 -24z" fill={c} />
    <rect x="38" y="82" width="44" height="16" rx="6" fill={d} />
  </>
);
const tent: Glyph = ({ c, d, a, v }) => (
  <>
    <path d={`M60 ${26 + v}L104 92H16z`} fill={c} />
    <path d={`M60 ${26 + v}L104 92H76z`} fill={d} opacity=".35" />
    <path d="M60 50l16 42h-32z" fill={a} />
    <path d="M60 50v42" {...line(d, 3)} />
    <path d="M10 96h100" {...line(d, 4)} />
  </>
);
const sleepingBag: Glyph = ({ c, d, a }) => (
  <>
    <path d="M36 26q24 -14 48 0q8 40 -4 78h-40q-12 -38 -4 -78z" fill={c} />
    <ellipse cx="60" cy="32" rx="17" ry="12" fill={a} />
    <path d="M60 44v58M38 58q22 8 44 0M38 76q22 8 44 0" {...line(d, 3)} opacity=".55" />
  </>
);
const mat: Glyph = ({ c, d, a }) => (
  <>
    <path d="M40 40h58v56h-58z" fill={c} />
    <circle cx="40" cy="68" r="28" fill={d} />
    <path d="M40 68m-19 0a19 19 0 1 1 19 19M40 68m-9 0a9 9 0 1 1 9 9" {...line(a, 4)} />
    <path d="M70 40v56M84 40v56" {...line(d, 2)} opacity=".4" />
  </>
);
const stove: Glyph = ({ c, d, a }) => (
  <>
    <path d="M60 22q20 22 6 34q-2 -8 -8 -10q2 8 -6 12q-14 -14 8 -36z" fill={a} />
    <path d="M34 62h52M42 62l-8 12M78 62l8 12" {...line(d, 5)} />
    <rect x="40" y="72" width="40" height="30" rx="8" fill={c} />
  </>
);
const pot: Glyph = ({ c, d, a, v }) => (
  <>
    <rect x="30" y="46" width="60" height={40 + v * 3} rx="8" fill={c} />
    <path d="M22 56h8M90 56h8" {...line(d, 7)} />
    <path d="M28 44h64q-2 -10 -32 -10t-32 10z" fill={d} />
    <circle cx="60" cy="31" r="5" fill={a} />
    <path d="M40 60v16" {...line(a, 4)} opacity=".8" />
  </>
);
const pan: Glyph = ({ c, d, a }) => (
  <>
    <path d="M70 70l34 30" {...line(d, 9)} />
    <circle cx="52" cy="52" r="34" fill={c} />
    <circle cx="52" cy="52" r="26" fill={d} opacity=".45" />
    <ellipse cx="48" cy="52" rx="14" ry="11" fill="#fff8ea" />
    <circle cx="46" cy="51" r="6" fill={a} />
  </>
);
const knife: Glyph = ({ c, d, a }) => (
  <>
    <path d="M24 32q56 4 56 46h-20z" fill={c} />
    <path d="M62 80l14 -8 24 24q4 8 -6 8z" fill={d} />
    <circle cx="80" cy="86" r="3" fill={a} />
    <circle cx="90" cy="96" r="3" fill={a} />
  </>
);
const bottle: Glyph = ({ c, d, a, v }) => (
  <>
    <rect x="50" y="14" width="20" height="14" rx="4" fill={d} />
    <path d={`M46 28h28q10 8 10 22v44q0 10 -10 10h-28q-10 0 -10 -10v-44q0 -14 10 -22z`} fill={c} />
    <rect x="36" y={58 - v} width="48" height="24" fill={a} />
    <path d="M44 48v40" {...line("#ffffff", 3)} opacity=".45" />
  </>
);
const boot: Glyph = ({ c, d, a }) => (
  <>
    <path d="M38 22h28v34q4 12 26 16q12 4 10 22h-66q-4 -34 2 -72z" fill={c} />
    <path d="M34 92h70v8h-70z" fill={d} />
    <path d="M62 34h-12M64 44h-13M66 54h-13" {...line(a, 4)} />
    <path d="M36 24h32" {...line(d, 5)} />
  </>
);
const shoe: Glyph = ({ c, d, a, v }) => (
  <>
    <path d="M16 54q10 8 22 -4l10 -10q18 24 46 30q14 4 12 18h-90z" fill={c} />
    <path d={`M14 86h92q0 ${10 + v} -10 ${10 + v}h-74q-10 0 -8 -${10 + v}z`} fill={d} />
    <path d="M54 52l-8 7M62 60l-8 7M70 66l-7 7" {...line(a, 4)} />
    <path d="M20 74q28 10 50 4" {...line(a, 4)} opacity=".7" />
  </>
);
const backpack: Glyph = ({ c, d, a }) => (
  <>
    <path d="M48 26q0 -12 12 -12t12 12" {...line(d, 5)} />
    <path d="M36 44q0 -22 24 -22t24 22v52q0 8 -8 8h-32q-8 0 -8 -8z" fill={c} />
    <rect x="42" y="64" width="36" height="30" rx="6" fill={a} />
    <path d="M42 74h36M60 70v8M44 44h32" {...line(d, 3)} />
    <path d="M34 60v30M86 60v30" {...line(d, 6)} />
  </>
);
const jacket: Glyph = ({ c, d, a }) => (
  <>
    <path d="M44 22h32l28 18 -8 26 -14 -6v44h-44v-44l-14 6 -8 -26z" fill={c} />
    <path d="M46 22q14 16 28 0" {...line(d, 5)} />
    <path d="M60 34v70" {...line(d, 3)} />
    <path d="M44 82h10M66 82h10" {...line(a, 4)} />
  </>
);
const trousers: Glyph = ({ c, d, a, v }) => (
  <>
    <path d={`M36 20h48l8 ${50 + v * 10}h-22l-10 -36 -10 36h-22z`} fill={c} />
    <path d="M36 26h48" {...line(d, 6)} />
    <path d="M42 36l-4 26M78 36l4 26" {...line(a, 4)} />
  </>
);
const poles: Glyph = ({ c, d, a }) => (
  <>
    <path d="M36 22l18 80M84 22l-18 80" {...line(c, 6)} />
    <path d="M34 16l4 18M86 16l-4 18" {...line(d, 9)} />
    <path d="M44 92h16M60 92h16" {...line(a, 5)} />
  </>
);
const watch: Glyph = ({ c, d, a }) => (
  <>
    <path d="M48 12h24l4 26h-32zM44 82h32l-4 26h-24z" fill={c} />
    <circle cx="60" cy="60" r="30" fill={d} />
    <circle cx="60" cy="60" r="23" fill="#f4f1e8" />
    <path d="M60 44v16l11 8" {...line(a, 4)} />
  </>
);
const strap: Glyph = ({ c, d, a }) => (
  <>
    <ellipse cx="60" cy="60" rx="42" ry="28" {...line(c, 11)} />
    <rect x="42" y="78" width="36" height="20" rx="8" fill={d} />
    <path d="M48 88h6l4 -6 6 12 3 -6h5" {...line(a, 3)} />
  </>
);
const hat: Glyph = ({ c, d, a }) => (
  <>
    <path d="M34 70q2 -40 26 -40t26 40z" fill={c} />
    <ellipse cx="60" cy="74" rx="46" ry="13" fill={d} />
    <path d="M35 64q25 10 50 0" {...line(a, 6)} />
  </>
);
const espresso: Glyph = ({ c, d, a }) => (
  <>
    <path d="M28 22h62v16h-36v46h36v16h-62z" fill={c} />
    <rect x="62" y="38" width="22" height="10" rx="3" fill={d} />
    <path d="M68 52v10M78 52v10" {...line(a, 3)} />
    <path d="M62 66h22l-3 16h-16z" fill="#f6f1e6" />
    <circle cx="41" cy="34" r="6" fill={a} />
    <rect x="36" y="46" width="10" height="30" rx="3" fill={d} opacity=".5" />
  </>
);
const grinder: Glyph = ({ c, d, a }) => (
  <>
    <path d="M60 30v-14h24" {...line(d, 5)} />
    <circle cx="86" cy="16" r="6" fill={a} />
    <path d="M40 30h40l-6 26h-28z" fill={d} opacity=".8" />
    <rect x="38" y="56" width="44" height="46" rx="7" fill={c} />
    <path d="M48 76h24v14h-24z" fill={d} opacity=".4" />
    <circle cx="60" cy="83" r="3.4" fill={a} />
  </>
);
const kettle: Glyph = ({ c, d, a }) => (
  <>
    <path d="M44 40q-28 4 -28 34" {...line(c, 8)} />
    <path d="M42 36h38l10 62h-58z" fill={c} />
    <path d="M82 44q24 4 14 38" {...line(d, 7)} />
    <path d="M44 36q17 -16 34 0z" fill={d} />
    <circle cx="61" cy="25" r="5" fill={a} />
  </>
);
const cup: Glyph = ({ c, d, a, v }) => (
  <>
    <path d={`M46 36q-6 -8 0 -16M60 34q-6 -8 0 -16M74 36q-6 -8 0 -16`} {...line(a, 4)} opacity=".8" />
    <path d="M26 46h62v20q0 30 -31 30t-31 -30z" fill={c} />
    <path d="M88 52q18 0 16 14t-22 14" {...line(d, 6)} />
    <ellipse cx="57" cy="47" rx="31" ry={6 + v} fill={d} />
  </>
);
const teapot: Glyph = ({ c, d, a }) => (
  <>
    <path d="M34 60q-16 -2 -20 -18" {...line(c, 9)} />
    <path d="M88 54q20 0 14 20t-22 14" {...line(d, 6)} />
    <ellipse cx="60" cy="70" rx="32" ry="28" fill={c} />
    <path d="M40 48q20 -18 40 0z" fill={d} />
    <circle cx="60" cy="33" r="5" fill={a} />
    <path d="M46 74q14 -14 28 0q-14 12 -28 0z" fill={a} opacity=".8" />
  </>
);
const packet: Glyph = ({ c, d, a, v }) => (
  <>
    <path d="M34 28h52l6 74h-64z" fill={c} />
    <path d="M34 28l4 -12h44l4 12z" fill={d} />
    <rect x="42" y="48" width="36" height="34" rx={v % 2 ? 18 : 5} fill="#fdf9ef" />
    <path d="M50 70q2 -16 20 -16q0 18 -20 16zl14 -10" fill={a} />
  </>
);
const tray: Glyph = ({ c, d, a }) => (
  <>
    <path d="M18 56h84l-8 30h-68z" fill={c} />
    <path d="M22 62h76M24 72h72M26 81h68" {...line(d, 3)} opacity=".5" />
    <circle cx="48" cy="48" r="9" fill={a} />
    <circle cx="72" cy="48" r="9" fill="#fdf9ef" />
  </>
);
const steamer: Glyph = ({ c, d, a }) => (
  <>
    <path d="M26 48h68v22h-68zM26 74h68v24h-68z" fill={c} />
    <path d="M24 46q36 -26 72 0z" fill={d} />
    <path d="M60 22v8M26 59h68M26 86h68" {...line(a, 4)} />
  </>
);
const scale: Glyph = ({ c, d, a }) => (
  <>
    <rect x="20" y="44" width="80" height="50" rx="10" fill={c} />
    <rect x="30" y="52" width="60" height="22" rx="5" fill={d} />
    <path d="M40 63h20M66 63h6" {...line(a, 5)} />
    <path d="M26 38h68" {...line(d, 6)} />
  </>
);
const jar: Glyph = ({ c, d, a, v }) => (
  <>
    <rect x="30" y="30" width="60" height="18" rx="5" fill={d} />
    <rect x="26" y="48" width="68" height={44 + v} rx="14" fill={c} />
    <circle cx="60" cy="71" r="13" fill="#fffaf0" />
    <path d="M60 62q9 8 0 18q-9 -10 0 -18z" fill={a} />
  </>
);
const tube: Glyph = ({ c, d, a }) => (
  <>
    <path d="M38 18h44l-5 66h-34z" fill={c} />
    <path d="M36 18h48" {...line(d, 6)} />
    <rect x="48" y="84" width="24" height="18" rx="5" fill={d} />
    <circle cx="60" cy="46" r="10" fill={a} />
    <path d="M52 64h16" {...line("#fffaf0", 4)} />
  </>
);
const dropper: Glyph = ({ c, d, a }) => (
  <>
    <rect x="52" y="12" width="16" height="22" rx="8" fill={d} />
    <rect x="48" y="32" width="24" height="10" fill={a} />
    <path d="M44 42h32q8 6 8 18v34q0 8 -8 8h-32q-8 0 -8 -8v-34q0 -12 8 -18z" fill={c} />
    <rect x="44" y="62" width="32" height="24" rx="3" fill="#fffaf0" />
    <path d="M50 74h20" {...line(a, 4)} />
  </>
);
const bag: Glyph = ({ c, d, a }) => (
  <>
    <path d="M34 24q26 8 52 0l6 74q-32 10 -64 0z" fill={c} />
    <path d="M34 24q26 8 52 0v8q-26 8 -52 0z" fill={d} />
    <circle cx="60" cy="74" r="9" fill={a} />
    <circle cx="47" cy="62" r="5" fill={a} />
    <circle cx="56" cy="54" r="5" fill={a} />
    <circle cx="67" cy="55" r="5" fill={a} />
    <circle cx="74" cy="64" r="5" fill={a} />
  </>
);
const bed: Glyph = ({ c, d, a }) => (
  <>
    <ellipse cx="60" cy="76" rx="48" ry="24" fill={d} />
    <ellipse cx="60" cy="70" rx="48" ry="24" fill={c} />
    <ellipse cx="60" cy="68" rx="32" ry="14" fill={a} />
    <path d="M52 66q8 -8 16 0" {...line(d, 3)} />
  </>
);
const catTree: Glyph = ({ c, d, a }) => (
  <>
    <path d="M44 96v-58M78 96v-34" {...line(a, 9)} />
    <rect x="24" y="94" width="74" height="9" rx="4" fill={d} />
    <rect x="58" y="56" width="40" height="9" rx="4" fill={c} />
    <rect x="26" y="32" width="38" height="9" rx="4" fill={c} />
    <path d="M36 32q-2 -12 4 -16l5 5h6l5 -5q6 8 -2 16z" fill={d} />
  </>
);
const leash: Glyph = ({ c, d, a }) => (
  <>
    <path d="M30 100q-8 -50 26 -40t34 -26" {...line(c, 8)} />
    <circle cx="88" cy="28" r="14" {...line(c, 8)} />
    <path d="M24 104l12 -10" {...line(d, 8)} />
    <circle cx="56" cy="60" r="5" fill={a} />
  </>
);
const toy: Glyph = ({ c, d, a }) => (
  <>
    <path d="M36 48l40 28" {...line(c, 16)} />
    <circle cx="30" cy="52" r="12" fill={c} />
    <circle cx="40" cy="38" r="12" fill={c} />
    <circle cx="72" cy="86" r="12" fill={c} />
    <circle cx="82" cy="72" r="12" fill={c} />
    <path d="M48 54l16 12" {...line(d, 3)} />
    <circle cx="88" cy="34" r="9" fill={a} />
  </>
);
const box: Glyph = ({ c, d, a, v }) => (
  <>
    <path d="M60 24l38 18v42l-38 20 -38 -20v-42z" fill={c} />
    <path d="M60 62v42l38 -20v-42z" fill={d} opacity=".4" />
    <path d="M22 42l38 20 38 -20" {...line(d, 3)} />
    <path d={`M${40 + v} 33l38 20v12`} {...line(a, 5)} />
  </>
);

const sheet: Glyph = ({ c, d, a, v }) => (
  <>
    <path d="M34 22h38l16 16v60h-54z" fill={c} />
    <path d="M72 22v16h16z" fill={d} opacity=".5" />
    <path d={`M44 54h32M44 66h${24 + v * 3}M44 78h${14 + v * 4}`} {...line(d, 3)} />
    <circle cx="50" cy="39" r="6" fill={a} />
  </>
);

/** By words of the English title, else by category; what fits nothing is a box, or a sheet where
 * nothing is sent in boxes. */
const KINDS: [RegExp, Glyph][] = [
  [/\b(tea tray|cutting board|desk mat|footprint)\b/, tray],
  [/\b(case|cover|protector|pouch|sleeve|wallet)\b/, phoneCase],
  [/\b(speaker)\b/, speaker],
  [/\b(earbuds|earphones)\b/, earbuds],
  [/\b(headphones?|headset)\b/, headphones],
  [/\b(power bank|solar)\b/, battery],
  [/\b(cable|hub|adapter)\b/, cable],
  [/\b(charger|charging)\b/, charger],
  [/\b(phone|smartphone)\b/, phone],
  [/\b(tablet|e-reader)\b/, tablet],
  [/\b(monitor|webcam|mini pc)\b/, monitor],
  [/\b(laptop|convertible)\b/, screen],
  [/\b(keyboard)\b/, keyboard],
  [/\b(mouse)\b/, mouse],
  [/\b(lamp)\b/, lamp],
  [/\b(lantern|torch)\b/, lantern],
  [/\b(tent|shelter|tarp)\b/, tent],
  [/\b(sleeping bag|bivouac|liner)\b/, sleepingBag],
  [/\b(pad|mat|pillow|hammock)\b/, mat],
  [/\b(stove)\b/, stove],
  [/\b(pan|wok)\b/, pan],
  [/\b(knife|cleaver|cutlery|pegs)\b/, knife],
  [/\b(steamer)\b/, steamer],
  [/\b(scale)\b/, scale],
  [/\b(teapot|gaiwan)\b/, teapot],
  [/\b(kettle)\b/, kettle],
  [/\b(grinder|frother|feeder)\b/, grinder],
  [/\b(espresso machine|press)\b/, espresso],
  [/\b(cups?|mug|dripper)\b/, cup],
  [/\b(bottle|filter|toner|oil|fountain)\b/, bottle],
  [/\b(pot|stockpot|casserole|cook set|cooker)\b/, pot],
  [/\b(boots?)\b/, boot],
  [/\b(shoes?|socks)\b/, shoe],
  [/\b(backpack)\b/, backpack],
  [/\b(jacket|fleece|shirt|vest)\b/, jacket],
  [/\b(shorts|tights|trousers)\b/, trousers],
  [/\b(poles?|wand)\b/, poles],
  [/\b(watch)\b/, watch],
  [/\b(belt|strap|harness)\b/, strap],
  [/\b(hat)\b/, hat],
  [/\b(serum)\b/, dropper],
  [/\b(foam|sunscreen|hand cream|lip balm|gel)\b/, tube],
  [/\b(cream|masks)\b/, jar],
  [/\b(bed)\b/, bed],
  [/\b(cat tree)\b/, catTree],
  [/\b(leash)\b/, leash],
  [/\b(toys?)\b/, toy],
  [/\b(food|litter)\b/, bag],
  [/\b(tea|beans|filters|meal|oolong|earl grey)\b/, packet],
];

export function glyphOf(words: string, shop: boolean): Glyph {
  const text = words.toLowerCase();
  return KINDS.find(([pattern]) => pattern.test(text))?.[1] ?? (shop ? box : sheet);
}
