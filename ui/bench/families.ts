/** How each family of devices is drawn on the bench. A new family is one entry; without one it shows its actions plainly. */
import type { Component } from 'vue';
import PlainBench from './PlainBench.vue';
import PrinterBench from './PrinterBench.vue';

const BENCHES: Readonly<Record<string, Component>> = {
  escpos_printer: PrinterBench,
  printer: PrinterBench,
};

export const benchOf = (family: string): Component => BENCHES[family] ?? PlainBench;
