import type { Clock } from "../../base/clock.ts";

/**
 * A random name: 128 bits in hexadecimal digits.
 *
 * @param clock Source of random numbers.
 */
export function randomName(clock: Clock): string {
  const word = () => Math.floor(clock.random() * 2 ** 32).toString(16).padStart(8, "0");
  return word() + word() + word() + word();
}
