/** What a model's own files say of it: its flavours, its signature, and the packages that it needs. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { type FileOwner, smallTextsQuery } from "@/api/artifacts";
import { formatBytes } from "@/components/format";
import classes from "./model.module.css";
import { type Column, parseMlmodel } from "./mlmodel";

export interface ModelDetailsProps {
  owner: FileOwner;
  /** The folder of the model in the owner's files; empty for their root. */
  folder: string;
}

const FILES = ["MLmodel", "requirements.txt"];

export function ModelDetails({ owner, folder }: ModelDetailsProps) {
  const found = useQuery(smallTextsQuery(owner, folder, FILES));
  const text = found.data?.get("MLmodel");
  const needed = found.data?.get("requirements.txt");
  const model = useMemo(() => (text ? parseMlmodel(text) : null), [text]);
  if (found.isPending) return null;
  if (!model) {
    return (
      <p className={classes["dim"]}>
        {found.isError
          ? found.error.message
          : "There is no file MLmodel that can be read, which would say more."}
      </p>
    );
  }
  return (
    <div className={classes["details"]}>
      <section>
        <h3>Signature</h3>
        {model.inputs || model.outputs || model.params ? (
          <table className={classes["table"]} aria-label="Signature">
            <tbody>
              <Columns title="Inputs" columns={model.inputs} />
              <Columns title="Outputs" columns={model.outputs} />
              <Columns title="Params" columns={model.params} />
            </tbody>
          </table>
        ) : (
          <p className={classes["dim"]}>The model was logged without a signature.</p>
        )}
      </section>
      <section>
        <h3>Flavours</h3>
        <table className={classes["table"]} aria-label="Flavours">
          <tbody>
            {model.flavors.map(({ name, facts }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>
                  {facts.map(([key, value]) => (
                    <div key={key}>
                      <span className={classes["dim"]}>{key}</span> {value}
                    </div>
                  ))}
                </td>
              </tr>
            ))}
            <tr>
              <th scope="row">MLflow</th>
              <td>
                {model.mlflowVersion ?? "unknown"}
                {model.bytes === null ? "" : `, ${formatBytes(model.bytes)}`}
              </td>
            </tr>
          </tbody>
        </table>
      </section>
      {needed && (
        <section>
          <h3>Requirements</h3>
          <pre className={classes["needed"]} tabIndex={0}>
            {needed.trim()}
          </pre>
        </section>
      )}
    </div>
  );
}

function Columns({ title, columns }: { title: string; columns: readonly Column[] | null }) {
  if (!columns?.length) return null;
  return (
    <>
      <tr>
        <th scope="rowgroup" colSpan={2} className={classes["part"]}>
          {title} <span className={classes["dim"]}>{columns.length}</span>
        </th>
      </tr>
      {columns.map(({ name, type, isOptional }, at) => (
        <tr key={at}>
          <td>{name || <span className={classes["dim"]}>without a name</span>}</td>
          <td>
            {type}
            {isOptional && <span className={classes["dim"]}> optional</span>}
          </td>
        </tr>
      ))}
    </>
  );
}
