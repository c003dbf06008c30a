/**
 * A database of the shape of `jsr:@db/sqlite` (0.13), which cannot be installed here, on SQLite
 * itself: the methods that a program finds there, and what they do differently from `node:sqlite`.
 *
 * By its source (github.com/denodrivers/sqlite3, src/database.ts and src/statement.ts): integers are
 * read with `sqlite3_column_int`, which keeps 32 bits, unless the database or the statement is told
 * otherwise; `run` and `exec` give the number of changed rows; text ends at its first NUL; values of
 * a statement without parameters are ignored; a statement is used until it is finalized, and a
 * database with open statements closes them; errors have SQLite's number as `code`.
 *
 * @module
 */

import { DatabaseSync, type StatementSync } from "node:sqlite";

type BindValue = string | number | bigint | boolean | null | undefined | Date | Uint8Array;
type Row = Record<string, unknown>;

/** As `@db/sqlite` throws it. */
export class SqliteError extends Error {
  override name = "SqliteError";
  constructor(readonly code: number, message: string) {
    super(message);
  }
}

/** The class `Database` of `@db/sqlite`. */
export class Database {
  readonly path: string;
  int64: boolean;
  readonly #database: DatabaseSync;
  /** Statements that were prepared and not finalized. */
  readonly statements = new Set<Statement>();

  constructor(path: string, options: { readonly int64?: boolean } = {}) {
    this.path = path;
    this.int64 = options.int64 ?? false;
    this.#database = translate(() => new DatabaseSync(path));
  }

  get open(): boolean {
    return this.#database.isOpen;
  }

  exec(sql: string, ...values: BindValue[]): number {
    if (values.length > 0) return this.prepare(sql).run(...values);
    translate(() => this.#database.exec(sql));
    return 0;
  }

  prepare(sql: string): Statement {
    const statement = translate(() => this.#database.prepare(sql));
    statement.setReadBigInts(true);
    return new Statement(this, sql, statement);
  }

  close(): void {
    for (const statement of this.statements) statement.finalize();
    this.#database.close();
  }
}

/** The class `Statement` of `@db/sqlite`. */
export class Statement {
  readonly db: Database;
  readonly sql: string;
  int64: boolean | undefined;
  readonly #statement: StatementSync;

  constructor(db: Database, sql: string, statement: StatementSync) {
    this.db = db;
    this.sql = sql;
    this.#statement = statement;
    db.statements.add(this);
  }

  enableInt64(): this {
    this.int64 = true;
    return this;
  }

  run(...values: BindValue[]): number {
    return Number(this.#use(values, (bound) => this.#statement.run(...bound).changes));
  }

  get<T extends object = Row>(...values: BindValue[]): T | undefined {
    const row = this.#use(values, (bound) => this.#statement.get(...bound));
    return row && this.#read(row as Row) as T;
  }

  all<T extends object = Row>(...values: BindValue[]): T[] {
    const rows = this.#use(values, (bound) => this.#statement.all(...bound));
    return rows.map((row) => this.#read(row as Row) as T);
  }

  values<T extends unknown[] = unknown[]>(...values: BindValue[]): T[] {
    return this.all(...values).map((row) => Object.values(row) as T);
  }

  finalize(): void {
    this.db.statements.delete(this);
  }

  #use<T>(values: BindValue[], run: (bound: (string | number)[]) => T): T {
    if (!this.db.statements.has(this)) {
      throw new SqliteError(21, "bad parameter or other API misuse");
    }
    const parameters = this.sql.match(/\?/g)?.length ?? 0;
    return translate(() => run(parameters === 0 ? [] : values as (string | number)[]));
  }

  #read(row: Row): Row {
    return Object.fromEntries(
      Object.entries(row).map(([name, value]) => [name, this.#column(value)]),
    );
  }

  #column(value: unknown): unknown {
    if (typeof value === "string") return value.split("\0")[0];
    if (typeof value !== "bigint") return value;
    if (!(this.int64 ?? this.db.int64)) return Number(BigInt.asIntN(32, value));
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }
}

/** Runs something of `node:sqlite`, with the errors of `@db/sqlite`. */
function translate<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    const message = (error as Error).message;
    const code = [["locked", 5], ["readonly", 8], ["unable to open", 14], [
      "not open",
      21,
    ]] as const;
    throw new SqliteError(code.find(([words]) => message.includes(words))?.[1] ?? 1, message);
  }
}
