/** What the server under test holds before the first test. */
import { post } from "./server";

export default async function seed(): Promise<void> {
  await post("mlflow/experiments/create", { name: "seeded" });
}
