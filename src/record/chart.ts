/** A picture as data: what a page draws of it is the page's affair. */

export interface ChartPoint {
  /** A number along an axis; a word of a chart of bars. */
  readonly x: number | string;
  readonly y: number;
  /** Its interval. */
  readonly low?: number;
  readonly high?: number;
}

export interface ChartSeries {
  readonly name: string;
  readonly points: readonly ChartPoint[];
}

export interface ChartAxis {
  readonly label: string;
  readonly unit: string;
  readonly log?: boolean;
}

/** A picture: lines or areas over numbers, or bars over words, stacked or side by side. */
export interface Chart {
  readonly kind: 'lines' | 'areas' | 'stacked' | 'bars';
  readonly title: string;
  /** How to read it, in a sentence. */
  readonly caption: string;
  readonly x: ChartAxis;
  readonly y: ChartAxis;
  readonly series: readonly ChartSeries[];
}
