// Package loopback reports whether an address is on the loopback interface of this machine, so that
// others can neither reach it nor read what is sent to it. It never asks DNS.
//
// Use [IsLiteral] where a credential may be sent without TLS and the caller chose to write an
// address. Use [IsHost] where users and other programs write "localhost", too.
package loopback

import (
	"net"
	"net/netip"
	"strings"
)

// IsLiteral reports whether host is an IP address of the loopback range: 127.0.0.0/8, ::1, or the
// former as an IPv4-mapped IPv6 address. Brackets, a port and an IPv6 zone are not accepted.
func IsLiteral(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && a.Zone() == "" && a.Unmap().IsLoopback()
}

// IsHost reports whether host is a loopback literal or the name "localhost" in any letter case.
// Resolvers must not send that name to a server (RFC 6761 section 6.3).
func IsHost(host string) bool { return IsLiteral(host) || strings.EqualFold(host, "localhost") }

// IsAddr reports whether a is a TCP address on loopback.
func IsAddr(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}
