import type { HttpResponse } from "../http/mod.ts";
import type { DrawMap, MapRequest } from "./draw_map.ts";
import { hasTwin } from "./judge_store.ts";
import { pathOf } from "./page/page.ts";
import { renderMapList, renderUnfinishedMap } from "./page/map_pages.ts";
import { decodePart, page, text } from "./responses.ts";
import type { StoreStatus } from "./store_status.ts";

/** What the paths of the maps begin with. */
const MAPS = "/map/";

/** Whether a path is that of a map, or of their list. */
export function isMapPath(path: string): boolean {
  return path === "/map" || path.startsWith(MAPS);
}

/** Answers `/map` and `/map/NAME`. */
export async function answerMap(
  { path, query }: { readonly path: string; readonly query: string },
  status: StoreStatus,
  draw: DrawMap,
): Promise<HttpResponse> {
  const { streams } = status;
  const parameters = new URLSearchParams(query);
  if (path === "/map" && streams.length !== 1) return page(renderMapList(status));
  const client = parameters.get("client");
  const name = decodePart(path.slice(MAPS.length));
  const found = path === "/map"
    ? streams[0]
    : streams.find((one) => one.stream === name && (client === null || one.client === client));
  if (found === undefined) {
    return text(404, "Not found: no such stream is archived here. /map has all");
  }
  const twin = hasTwin(found, streams);
  const request: MapRequest = {
    ...{ stream: found.stream, client: found.client },
    status: streams.length === 1 ? "" : pathOf("streams", found, twin),
    days: daysOf(parameters.get("days")),
    root: path === "/map" ? "" : "../",
    self: path === "/map" ? "map" : encodeURIComponent(found.stream),
    query: twin ? `client=${encodeURIComponent(found.client)}` : "",
  };
  const answer = await draw(request);
  if (answer.type === "page") return page(answer.body);
  return page(renderUnfinishedMap(request, answer));
}

function daysOf(text: string | null): number | undefined {
  return text !== null && /^\d{1,5}$/.test(text) ? Number(text) : undefined;
}
