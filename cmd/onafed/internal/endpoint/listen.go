package endpoint

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
)

// CheckListen returns an error for an address that other hosts can reach, or that has no port.
func CheckListen(addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && !ip.IsLoopback() {
		return fmt.Errorf("--listen %+q: credentials are served on loopback only, for example on 127.0.0.1:9911", addr)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("--listen %+q: a port is a number from 1 to 65535, or 0 to take a free one", addr)
	}
	return nil
}

// Listen opens a listener on the address of --listen.
func Listen(ctx context.Context, addr string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("--listen %+q: another program listens there: name another port, or leave the flag out to take a free one", addr)
	}
	if err != nil {
		return nil, fmt.Errorf("--listen: %w", err)
	}
	return l, nil
}
