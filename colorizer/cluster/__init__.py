"""Batches beyond one machine: photos in object stores, coloured by the processes of a Ray cluster."""
