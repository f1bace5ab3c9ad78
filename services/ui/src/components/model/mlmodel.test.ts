import { expect, test } from "vitest";
import { parseMlmodel } from "./mlmodel";

const TEXT = `
artifact_path: model
flavors:
  python_function:
    loader_module: mlflow.sklearn
    python_version: 3.11.7
    env:
      conda: conda.yaml
  sklearn:
    sklearn_version: 1.5.2
mlflow_version: 3.12.0
model_size_bytes: 1234
signature:
  inputs: '[{"type": "double", "name": "age", "required": true}, {"type": "array", "items": {"type": "long"}, "name": "visits", "required": false}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 10]}}]'
  params: '[{"name": "top_k", "default": 3, "shape": null, "type": "long"}]'
`;

test("the flavours of a model, and the columns that it takes and returns", () => {
  expect(parseMlmodel(TEXT)).toEqual({
    flavors: [
      {
        name: "python_function",
        facts: [
          ["loader_module", "mlflow.sklearn"],
          ["python_version", "3.11.7"],
        ],
      },
      { name: "sklearn", facts: [["sklearn_version", "1.5.2"]] },
    ],
    inputs: [
      { name: "age", type: "double", isOptional: false },
      { name: "visits", type: "array of long", isOptional: true },
    ],
    outputs: [{ name: "", type: "float32 (any × 10)", isOptional: false }],
    params: [{ name: "top_k", type: "long", isOptional: true }],
    mlflowVersion: "3.12.0",
    bytes: 1234,
  });
});

test("what is no description of a model is told from one", () => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefghi"
    .split("")
    .map((name, at) => `${name}: &${name} [${`*${"abcdefgh"[at] ?? "a"},`.repeat(9)}]`)
    .join("\n")}\nflavors: *i`;
  for (const text of ["", "just text", "[1]", "flavors: {}", "{", "flavors: [a]", bomb]) {
    expect(parseMlmodel(text)).toBeNull();
  }
});

test("a signature that cannot be read is none", () => {
  const found = parseMlmodel("flavors: {a: {}}\nsignature: {inputs: '{', outputs: '{}', params: 3}");
  expect([found?.inputs, found?.outputs, found?.params]).toEqual([null, null, null]);
});
