;; Imports what no host has, and exports nothing.
(component
  (import "example:unknown/oracle@1.0.0" (instance $oracle
    (export "ask" (func (result u32))))))
