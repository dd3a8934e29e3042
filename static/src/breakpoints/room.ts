/** What of this room is loaded when it is needed: all of it at once, which is one file. */

export { default as BreakpointPanel } from './BreakpointPanel.svelte';
export { default as Stopped } from './Stopped.svelte';
export { default as WatchButton } from './WatchButton.svelte';
