package loopback_test

import (
	"net"
	"testing"

	"github.com/onafed/onafed/internal/loopback"
)

func TestHostsAndLiterals(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]struct{ literal, host bool }{
		"127.0.0.1":         {true, true},
		"127.255.255.254":   {true, true},
		"::1":               {true, true},
		"::ffff:127.0.0.1":  {true, true},
		"0:0:0:0:0:0:0:1":   {true, true},
		"localhost":         {false, true},
		"LocalHost":         {false, true},
		"":                  {},
		"localhost.":        {},
		"localhost.example": {},
		"127.0.0.1.nip.io":  {},
		"::1%lo":            {},
		"[::1]":             {},
		"127.0.0.1:80":      {},
		"127.1":             {},
		"0177.0.0.1":        {},
		"2130706433":        {},
		"0.0.0.0":           {},
		"::":                {},
		"128.0.0.1":         {},
		"10.0.0.1":          {},
		"fe80::1":           {},
		"169.254.169.254":   {},
	} {
		if got := loopback.IsLiteral(host); got != want.literal {
			t.Errorf("IsLiteral(%q) = %v, want %v", host, got, want.literal)
		}
		if got := loopback.IsHost(host); got != want.host {
			t.Errorf("IsHost(%q) = %v, want %v", host, got, want.host)
		}
	}
}

func TestIsAddr(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		addr net.Addr
		want bool
	}{
		{&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80}, true},
		{&net.TCPAddr{IP: net.IPv6loopback}, true},
		{&net.TCPAddr{IP: net.ParseIP("::ffff:127.0.0.1")}, true},
		{&net.TCPAddr{IP: net.IPv4(10, 0, 0, 1)}, false},
		{&net.TCPAddr{}, false}, // listens on all interfaces
		{&net.UnixAddr{Name: "127.0.0.1", Net: "unix"}, false},
		{nil, false},
	} {
		if got := loopback.IsAddr(tt.addr); got != tt.want {
			t.Errorf("IsAddr(%v) = %v, want %v", tt.addr, got, tt.want)
		}
	}
}
