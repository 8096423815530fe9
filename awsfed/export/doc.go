// Package export hands AWS credentials to programs that are not written in Go,
// in every form that AWS's SDKs and command line read.
//
// The credentials come from a [CredentialsSource], which
// github.com/onafed/onafed/awsfed.Provider is. The first call prints what a
// credential_process prints, one JSON object and a newline:
//
//	err := export.Process(ctx, os.Stdout, provider)
//	// {"Version":1,"AccessKeyId":"ASIA...","SecretAccessKey":"...","SessionToken":"...","Expiration":"2026-01-02T03:04:05Z"}
//
// The ways out, the one that lives longest first:
//
//   - [TokenFile] keeps an ID token fresh in a file for
//     AWS_WEB_IDENTITY_TOKEN_FILE: every SDK refreshes by itself.
//   - [Handler] is the container credentials endpoint
//     (AWS_CONTAINER_CREDENTIALS_FULL_URI): every SDK refreshes by itself.
//   - [Process] is the body of a credential_process, and [File].WriteProcess
//     writes the setting that runs it. [Cache] lets many such processes share
//     one call.
//   - [File].WriteCredentials puts the keys in the shared credentials file.
//     SDKs read it once and never refresh: for tools that can do no better.
//   - [Env] prints shell statements. Good for one shell until they expire.
//
// # Rules that hold everywhere
//
// Only temporary credentials are handed out: a session token and an expiration
// must be there, and the expiration must be in the future. The expiration
// shown is the one STS gave, never an earlier "time to ask again". Secrets are
// in no error and no log record of this package.
//
// Before v1 names may change; the text of errors is never part of the contract.
package export
