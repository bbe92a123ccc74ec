# %% [markdown]
"""
# Neuron

Text.
"""

# %%
print("neuron")
