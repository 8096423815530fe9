// Package idtoken shows how clients of HTTP and gRPC services authenticate with ID tokens.
package idtoken
