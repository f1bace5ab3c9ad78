/** Mantine's theme: neutral greys, one accent, the system's fonts, and sizes for dense tables. */
import { createTheme, type MantineColorsTuple, rem } from "@mantine/core";

const indigo: MantineColorsTuple = [
  "#eef1fd",
  "#dbe0f7",
  "#b6bff0",
  "#8f9cea",
  "#6e7ee4",
  "#586be0",
  "#4c5fd7",
  "#3d4fc0",
  "#3546ad",
  "#2a3a98",
];

// From text to the deepest background, of the same blue-grey as our own variables.
const dark: MantineColorsTuple = [
  "#c9cdd6",
  "#b4bac6",
  "#9aa2b0",
  "#6b7382",
  "#3d434f",
  "#2c313a",
  "#1b1e24",
  "#15171c",
  "#111317",
  "#0c0e11",
];

// Its filled shade is dark enough for white words on it.
const red: MantineColorsTuple = [
  "#fff5f5",
  "#ffe3e3",
  "#ffc9c9",
  "#ffa8a8",
  "#ff8787",
  "#c92a2a",
  "#c92a2a",
  "#b52424",
  "#a61e1e",
  "#8c1a1a",
];

export const theme = createTheme({
  primaryColor: "indigo",
  primaryShade: { light: 6, dark: 5 },
  colors: { indigo, dark, red },
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', sans-serif",
  fontFamilyMonospace: "ui-monospace, 'SF Mono', Menlo, Consolas, 'Liberation Mono', monospace",
  fontSizes: { xs: rem(12), sm: rem(13), md: rem(14), lg: rem(15), xl: rem(18) },
  spacing: { xs: rem(4), sm: rem(8), md: rem(12), lg: rem(16), xl: rem(24) },
  defaultRadius: "sm",
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { size: "xs", fw: 500 } },
    ActionIcon: { defaultProps: { variant: "subtle", color: "gray", size: "md" } },
    TextInput: { defaultProps: { size: "xs" } },
    PasswordInput: { defaultProps: { size: "xs" } },
    NumberInput: { defaultProps: { size: "xs" } },
    Autocomplete: { defaultProps: { size: "xs" } },
    Textarea: { defaultProps: { size: "xs" } },
    Select: { defaultProps: { size: "xs" } },
    SegmentedControl: { defaultProps: { size: "xs", withItemsBorders: false, transitionDuration: 80 } },
    Checkbox: { defaultProps: { size: "xs" } },
    Menu: { defaultProps: { shadow: "sm", transitionProps: { duration: 80 } } },
    Popover: { defaultProps: { shadow: "sm", transitionProps: { duration: 80 } } },
    Modal: {
      defaultProps: {
        transitionProps: { duration: 100 },
        overlayProps: { backgroundOpacity: 0.35 },
        closeButtonProps: { "aria-label": "Close" },
      },
    },
    Tooltip: { defaultProps: { openDelay: 300, transitionProps: { duration: 80 }, withArrow: false } },
  },
});
