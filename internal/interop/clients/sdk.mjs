// Uses the AWS SDK for JavaScript with its defaults: calls GetCallerIdentity of STS, CALLS times with a
// pause of PAUSE seconds, and prints the answer or the error's name.
import { setTimeout } from "node:timers/promises";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { fromContainerMetadata, fromIni, fromNodeProviderChain, fromProcess, fromTokenFile } from "@aws-sdk/credential-providers";

// SOURCE names one provider. Without it the default chain is used.
const sources = { chain: fromNodeProviderChain, file: fromIni, process: fromProcess, metadata: fromContainerMetadata, token: fromTokenFile };
const client = new STSClient({ credentials: sources[process.env.SOURCE ?? "chain"]() });
for (let i = 0; i < Number(process.env.CALLS); i++) {
  if (i > 0) await setTimeout(1000 * Number(process.env.PAUSE));
  let line;
  try {
    line = { arn: (await client.send(new GetCallerIdentityCommand({}))).Arn };
  } catch (e) {
    line = { error: e.name === "CredentialsProviderError" ? e.message : e.name };
  }
  console.log(JSON.stringify(line));
}
