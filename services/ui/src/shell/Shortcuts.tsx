/** The sheet of keys, opened by `?`. */
import { Kbd, Modal } from "@mantine/core";
import classes from "./Palette.module.css";
import { PLACES, SETTINGS } from "./places";

const KEYS: readonly [keys: string[], does: string][] = [
  [["Ctrl", "K"], "search everything"],
  [["?"], "this sheet"],
  [
    ["g"],
    `then a letter: ${[...PLACES, SETTINGS].map(({ letter, label }) => `${letter} ${label}`).join(", ")}`,
  ],
  [["↑", "↓"], "in a table of runs: the row before or after; Page Up, Page Down, Home and End further"],
  [["Space"], "select the row; with Shift and an arrow, the rows between"],
  [["Enter"], "open the run"],
  [["→", "←"], "open or close children or a group"],
  [["e"], "show or hide the run in charts"],
  [["→", "←", "Home", "End"], "in a chart: the cursor from point to point; on its grip: the chart's place"],
  [["↑", "↓", "→", "←"], "on the corner of a chart: its size; where a chart fills the screen: the next one"],
  [["Esc"], "deselect, reset the zoom of a chart, or close what is open"],
];

export function Shortcuts({ onClose }: { onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} title="Keyboard shortcuts" size="lg">
      <dl className={classes["keys"]}>
        {KEYS.map(([keys, does]) => (
          <div key={does} style={{ display: "contents" }}>
            <dt>
              {keys.map((key) => (
                <Kbd key={key} mr={4}>
                  {key}
                </Kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}
