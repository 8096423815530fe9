// Package claims reads what an Ona ID token says.
package claims
