import { getLogger } from "@logtape/logtape";
import { mayRefuseChecksum } from "./s3_error.ts";

const log = getLogger(["triton", "objects"]);

/**
 * Whether objects are put with their checksum: a bucket with Object Lock requires one, and some other
 * servers refuse it.
 */
export class ChecksumSupport {
  readonly #url: string;
  #sendsChecksums = true;

  /** Assumes support, until a request shows otherwise. */
  constructor(url: string) {
    this.#url = url;
  }

  /** Sends with a checksum; without one, from then on, if only this succeeds. */
  async use<T>(send: (sendsChecksum: boolean) => Promise<T>): Promise<T> {
    try {
      return await send(this.#sendsChecksums);
    } catch (error) {
      if (!this.#sendsChecksums || !mayRefuseChecksum(error)) throw error;
      const response = await send(false).catch(() => {
        throw error; // it was something else
      });
      this.#sendsChecksums = false;
      log.warn("{url} refuses the header x-amz-checksum-sha256: files are put without it", {
        event: "bucket.checksum_refused",
        url: this.#url,
      });
      return response;
    }
  }
}
