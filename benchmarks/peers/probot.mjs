// A Probot App with the same work to do: a label if it is missing, the milestone looked up, the milestone set.
//
// HANDLER=none answers and does nothing; THROTTLE=off leaves Probot's own pacing out, which GitHub's limits ask for.
// The port is written into PORT_FILE once it listens.
import { writeFileSync } from "node:fs";
import { pino } from "pino";
import { Probot, ProbotOctokit, Server } from "probot";

const app = (probot) => {
  probot.on("issues", async (context) => {
    if (process.env.HANDLER === "none") return;
    const { issue } = context.payload;
    if (!issue.labels?.some((label) => label.name === "track/main")) {
      await context.octokit.rest.issues.addLabels(context.issue({ labels: ["track/main"] }));
    }
    const { data: open } = await context.octokit.rest.issues.listMilestones(context.repo({ per_page: 100 }));
    const milestone = open.find((one) => one.title === "Phase 2").number;
    await context.octokit.rest.issues.update(context.issue({ milestone }));
  });
};

const Octokit =
  process.env.THROTTLE === "off"
    ? ProbotOctokit.defaults((given) => ({ ...given, throttle: { ...given.throttle, enabled: false } }))
    : ProbotOctokit;
const server = new Server({
  Probot: Probot.defaults({
    appId: process.env.APP_ID,
    privateKey: process.env.PRIVATE_KEY,
    secret: process.env.WEBHOOK_SECRET,
    baseUrl: process.env.API_URL,
    logLevel: "error",
    Octokit,
  }),
  log: pino({ level: "error" }, pino.destination(2)),
  port: Number(process.env.PORT),
  host: "127.0.0.1",
  webhookPath: "/webhook",
});
await server.load(app);
const listening = await server.start();
writeFileSync(process.env.PORT_FILE, String(listening.address().port));
