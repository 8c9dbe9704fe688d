/** Families that are drawn by a picture of their own; every other one is drawn from its actions and its output. */
import type { Component } from 'vue';
import DeviceBench from './DeviceBench.vue';
import PrinterBench from './PrinterBench.vue';

const BENCHES: Readonly<Record<string, Component>> = { escpos_printer: PrinterBench };

export const benchOf = (family: string): Component => BENCHES[family] ?? DeviceBench;
export const isWide = (family: string): boolean => family in BENCHES;
