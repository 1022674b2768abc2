"""BDH: linear attention, block and model, in parallel and recurrent form."""
