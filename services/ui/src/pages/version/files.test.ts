import { expect, test } from "vitest";
import { filesOf } from "./files";

const RUN = "0123456789abcdef0123456789abcdef";

test("the source of a version tells whose files they are", () => {
  const of = (source: string) => filesOf({ source });
  expect(of("models:/m-12ab")).toEqual({ owner: { model: "m-12ab" }, folder: "" });
  expect(of("mlflow-artifacts:/3/models/m-12ab/artifacts")).toEqual({
    owner: { model: "m-12ab" },
    folder: "",
  });
  expect(of(`runs:/${RUN}/model/`)).toEqual({ owner: { run: RUN }, folder: "model" });
  expect(of(`runs:/${RUN}`)).toEqual({ owner: { run: RUN }, folder: "" });
  expect(of(`mlflow-artifacts:/3/${RUN}/artifacts/a/model`)).toEqual({
    owner: { run: RUN },
    folder: "a/model",
  });
  for (const source of ["s3://bucket/model", "models:/churn/1", "models:/churn@champion", ""]) {
    expect(of(source)).toBeNull();
  }
});
