/** What the tests use of hcl2json, whose own types bring other globals with them. */

/** Parses a file of Terraform's language. */
// deno-lint-ignore no-explicit-any
export function parse(filename: string, contents: string): Promise<any>;
