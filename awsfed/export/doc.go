// Package export gives AWS credentials to programs that are not written in Go, in every form that
// AWS SDKs and the AWS CLI read.
//
// The credentials come from a [CredentialsSource], such as a Provider of package
// github.com/onafed/onafed/awsfed. The first call prints what a credential_process prints, one JSON
// object and a newline:
//
//	err := export.Process(ctx, os.Stdout, provider)
//	// {"Version":1,"AccessKeyId":"ASIA...","SecretAccessKey":"...","SessionToken":"...","Expiration":"2026-01-02T03:04:05Z"}
//
// The forms, the most durable first:
//
//   - [TokenFile] keeps an ID token fresh in a file for AWS_WEB_IDENTITY_TOKEN_FILE. SDKs refresh
//     their credentials from it.
//   - [Handler] is the container credentials endpoint (AWS_CONTAINER_CREDENTIALS_FULL_URI). SDKs
//     refresh their credentials from it.
//   - [Process] does the work of a credential_process, and [File].WriteProcess writes the setting
//     that runs it. With a [Cache] many such processes share one call.
//   - [File].WriteCredentials writes the keys to the shared credentials file. SDKs read it once and
//     never refresh: use it for tools that read nothing else. A [Batch] writes many profiles, all or
//     none.
//   - [Env] returns shell statements. They serve one shell until the credentials expire.
//
// # Rules
//
// Only temporary credentials are handed out: the session token must be set and the expiration must
// be in the future. The reported expiration is the one from STS, never an earlier time to ask
// again. No error and no log record of this package contains a secret.
//
// Names may change before v1. The texts of errors may change in every version.
package export
