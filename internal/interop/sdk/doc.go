// Package sdk tests the provider with service clients of the AWS SDK for Go, at a service in
// memory.
package sdk
