/** What a client of the service does, typed by the document: compiled with --strict, then run. */

import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

declare const process: { argv: string[] };

type Run = components["schemas"]["WorkflowRead"];

const api = createClient<paths>({ baseUrl: process.argv[2] ?? "" });

function expect(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

async function listAll(session: string): Promise<string[]> {
  const names: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const query = { session_id: session, limit: 1, sort: "created_at" as const };
    const { data, error } = await api.GET("/v1/workflows", {
      params: { query: cursor === undefined ? query : { ...query, cursor } },
    });
    if (error) throw new Error(error.title);
    names.push(...data.items.map((workflow) => workflow.name));
    if (data.next_cursor === null) return names;
    cursor = data.next_cursor;
  }
}

async function create(user: string, name: string): Promise<Run> {
  const { data, response } = await api.POST("/v1/workflows", {
    params: { header: { "Idempotency-Key": `create-${name}` } },
    body: { user_id: user, user_input: "홍대에서 데이트하고 싶어", name, session_id: "typescript" },
  });
  expect(data !== undefined, `create answered ${response.status}`);
  return data;
}

const user = await api.PUT("/v1/users/by-username/{username}", {
  params: { path: { username: "typescript" } },
});
expect(user.data !== undefined, "there is no user");

const first = await create(user.data.id, "first");
await create(user.data.id, "second");
expect((await listAll("typescript")).join() === "first,second", "the pages don't add up");

const path = { workflow_id: first.id };
const found = await api.GET("/v1/workflows/{workflow_id}", { params: { path } });
expect(found.data?.search_radius_m === 2000, "the default of the service is not there");

const etag = found.response.headers.get("ETag") ?? "";
const changed = await api.PATCH("/v1/workflows/{workflow_id}", {
  params: { path, header: { "If-Match": etag } },
  body: { tags: ["date"], metadata: { app: { version: 1 } } },
});
expect(changed.data?.tags[0] === "date", "the workflow was not changed");
const late = await api.PATCH("/v1/workflows/{workflow_id}", {
  params: { path, header: { "If-Match": etag } },
  body: { name: "too late" },
});
expect(late.response.status === 412 && late.error !== undefined, "somebody was not faster");

const nodes = await api.POST("/v1/workflows/{workflow_id}/nodes", {
  params: { path },
  body: { node_name: "search", node_type: "search", input: { deep: [1, null, { any: "JSON" }] } },
});
expect(nodes.data?.seq === 1, "the node has no seq");
const timeline = await api.GET("/v1/workflows/{workflow_id}/timeline", { params: { path } });
for (const entry of timeline.data?.items ?? []) {
  expect(entry.kind === "node", "there is more than a node in the timeline");
  expect(entry.node.node_name === "search", "the timeline is another's");
}

const asked = await api.POST("/v1/workflows/{workflow_id}/await-input", {
  params: { path },
  body: { question: "예산이 얼마예요?", choices: ["3만원", "5만원"] },
});
expect(asked.data?.status === "awaiting_input", "it does not wait for the person");
const answered = await api.POST("/v1/workflows/{workflow_id}/resume", {
  params: { path },
  body: { answer: "5만원" },
});
expect(answered.data?.status === "running", "it does not go on after the answer");

const beat = await api.POST("/v1/workflows/{workflow_id}/heartbeat", { params: { path } });
const alive: components["schemas"]["WorkflowChanged"] | undefined = beat.data;
expect(alive?.status === "running", "there is no sign of life");
expect(alive.final_itinerary === undefined, "more was sent than was asked for");
const completed = await api.POST("/v1/workflows/{workflow_id}/complete", {
  params: { path, query: { fields: ["status", "final_itinerary"] } },
  body: { final_itinerary: [{ order: 1, start_time: "14:00" }] },
});
expect(completed.data?.status === "completed", "the workflow is not completed");
expect(Array.isArray(completed.data.final_itinerary), "what was asked for is not there");
const conflict = await api.POST("/v1/workflows/{workflow_id}/fail", {
  params: { path },
  body: { error_message: "never mind" },
});
expect(conflict.response.status === 409 && conflict.error !== undefined, "that was no conflict");
const { current, allowed }: { current?: string; allowed?: string[] } = conflict.error;
expect(current === "completed" && allowed?.length === 0, "the 409 does not say what is allowed");

const plan = await api.POST("/v1/itineraries", {
  body: {
    user_id: user.data.id,
    title: "홍대",
    items: [{ start_minute: 840, duration_minutes: 90, place: { name: "홍대 미술관" } }],
  },
});
expect(plan.data?.items[0]?.place?.name === "홍대 미술관", "the plan is not there");
const moved = await api.POST("/v1/itineraries/{itinerary_id}/shift", {
  params: {
    path: { itinerary_id: plan.data.id },
    header: { "If-Match": plan.response.headers.get("ETag") ?? "" },
  },
  body: { minutes: 30 },
});
expect(moved.data?.items[0]?.start_minute === 870, "the plan has not moved");
console.log("done");
