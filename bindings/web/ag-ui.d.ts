import { AbstractAgent, type AgentConfig, type RunAgentInput } from '@ag-ui/client';
import type { Client, RequestOptions } from './index.js';

export interface PamlinkAgentConfig extends AgentConfig {
  client: Client;
  /**
   * The request for a run. Default: the text of the user's last message, with the thread as its
   * session and the input without its messages as `ag_ui` of its context.
   */
  prepareRequest?: (input: RunAgentInput) => PreparedRequest | Promise<PreparedRequest>;
}

export type PreparedRequest = { text: string } & Omit<RequestOptions, 'signal'>;

/**
 * An agent of AG-UI. A run is a request, and its answer a text message. Events that the server passes
 * through, in envelopes of the type `ag_ui` with the `run_id` of the run and an `event`, come as they
 * are, and take the place of what is made here: the beginning, the text and the end of the run.
 */
export class PamlinkAgent extends AbstractAgent {
  constructor(config: PamlinkAgentConfig);
  /** Whoever unsubscribes detaches: the run goes on without them. */
  run(input: RunAgentInput): ReturnType<AbstractAgent['run']>;
  /** Cancels what runs where the server knows that, and else leaves it. */
  abortRun(): void;
  clone(): PamlinkAgent;
}
