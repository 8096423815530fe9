package program

import "syscall"

// attributes make the kernel kill the program if the test's process dies first.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
